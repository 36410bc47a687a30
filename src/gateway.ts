import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { messageOf } from './domain/errors.ts';
import { runRole } from './gateway/run-role.ts';
import { type GatewaySettings, readSettings } from './gateway/settings.ts';

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
const log = pino({
  name: 'berth-gateway',
  level: settings.logLevel,
  base: {
    pid: process.pid,
    role: settings.role,
    ...(settings.generation > 0 && { generation: settings.generation }),
  },
});
try {
  await runRole(settings, fileURLToPath(import.meta.url), log);
} catch (error) {
  log.fatal({ err: error }, `the gateway's ${settings.role} ended: ${messageOf(error)}`);
  process.exitCode = 1;
}
process.exit();
