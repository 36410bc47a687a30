#!/usr/bin/env node
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { readConfig } from './config.ts';
import { startDaemon } from './daemon.ts';
import { DomainError, messageOf } from './domain/errors.ts';
import { notifyReady } from './gateway/sd-notify.ts';
import { openLog } from './log.ts';

/** The terminal and npm both pass on one Ctrl-C: what comes within this time is not a second one. In milliseconds. */
const ONE_KEY_PRESS_MS = 1_000;

/** Resolves at the first SIGTERM or SIGINT, or when the terminal is closed; a second one ends the process at once. */
function askedToStop(): Promise<NodeJS.Signals> {
  const inTerminal = isatty(0);
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      first ??= performance.now();
      if (performance.now() - first > ONE_KEY_PRESS_MS) process.exit(1);
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    // Otherwise it asks for a look at the GPUs. A terminal that was closed is no terminal any more.
    process.on('SIGHUP', (signal) => inTerminal && !isatty(0) && onSignal(signal));
  });
}

try {
  const stop = askedToStop();
  const root = process.getuid?.() === 0;
  const config = readConfig({ args: process.argv.slice(2), env: process.env, root, home: homedir() });
  const journal = process.env.JOURNAL_STREAM !== undefined;
  const log = openLog({ name: 'berthd', level: config.logLevel, journal });
  await using daemon = await startDaemon(config, log);
  process.on('SIGHUP', () => daemon.lookForGpus());
  process.stdout.write(
    `berthd serves: API ${daemon.apiUrl}, containers ${daemon.gatewayUrl}, socket ${config.socket}\n`,
  );
  if (process.env.NOTIFY_SOCKET) await notifyReady(process.env.NOTIFY_SOCKET, log);
  log.info({ signal: await stop }, 'stopping; containers and gateway go on serving');
} catch (error) {
  process.stderr.write(`berthd: ${error instanceof DomainError ? messageOf(error) : error}\n`);
  process.exitCode = 1;
}
