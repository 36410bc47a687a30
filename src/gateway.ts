import { fileURLToPath } from 'node:url';
import { messageOf } from './domain/errors.ts';
import { entryPath } from './gateway/entry.ts';
import { runRole } from './gateway/run-role.ts';
import { type GatewaySettings, readSettings } from './gateway/settings.ts';
import { openLog } from './log.ts';

/** Settings, or one line that says what is wrong with them. */
function settingsOrExit(): GatewaySettings {
  try {
    return readSettings();
  } catch (error) {
    process.stderr.write(`berth-gateway: ${messageOf(error)}\n`);
    process.exit(2);
  }
}

const settings = settingsOrExit();
const { role, generation, logLevel, journal } = settings;
const about = { role, ...(generation > 0 && { generation }) };
const log = openLog({ name: 'berth-gateway', level: logLevel, about, journal });
try {
  await runRole(settings, entryPath(fileURLToPath(import.meta.url), process.argv[1]), log);
} catch (error) {
  log.fatal({ err: error }, `the gateway's ${settings.role} ended: ${messageOf(error)}`);
  process.exitCode = 1;
}
process.exit();
