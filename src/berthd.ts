import { homedir } from 'node:os';
import pino from 'pino';
import { readConfig } from './config.ts';
import { startDaemon } from './daemon.ts';
import { DomainError, messageOf } from './domain/errors.ts';
import { notifyReady } from './gateway/sd-notify.ts';

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function askedToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(signal);
      });
    }
  });
}

try {
  const stop = askedToStop();
  const root = process.getuid?.() === 0;
  const config = readConfig({ args: process.argv.slice(2), env: process.env, root, home: homedir() });
  const options = { name: 'berthd', level: config.logLevel, timestamp: pino.stdTimeFunctions.isoTime };
  const log = pino(options, pino.destination({ dest: 2, sync: true }));
  await using daemon = await startDaemon(config, log);
  process.stdout.write(
    `berthd serves: API ${daemon.apiUrl}, containers ${daemon.gatewayUrl}, socket ${config.socket}\n`,
  );
  if (process.env.NOTIFY_SOCKET) await notifyReady(process.env.NOTIFY_SOCKET, log);
  log.info({ signal: await stop }, 'stopping; containers and gateway go on serving');
} catch (error) {
  process.stderr.write(`berthd: ${error instanceof DomainError ? messageOf(error) : error}\n`);
  process.exitCode = 1;
}
