import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { startDaemon } from '../../src/daemon.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const START_MS = 30_000;

/** A berthd that serves. */
export interface RunningBerthd {
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  readonly installation: string;
  /** Resolves once it has ended; rejects where SIGTERM ends it with anything but 0. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Has it look at the machine's GPUs, as SIGHUP does. Where it is a process nothing tells when it has. */
  hangUp(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

/** Starts berthd within this process. */
export async function runInProcess(env: Environment, logFile: string): Promise<RunningBerthd> {
  const config = readConfig({ args: ['--config', '/dev/null'], env, root: false, home: env.HOME ?? '/' });
  const log = pino({ level: config.logLevel }, pino.destination({ dest: logFile, sync: true }));
  const daemon = await startDaemon(config, log);
  const { apiUrl, gatewayUrl, installation } = daemon;
  return {
    apiUrl,
    gatewayUrl,
    installation,
    stop: async (signal) => {
      if (signal !== 'SIGTERM') throw new Error('a berthd within this process can only be asked to stop');
      await daemon[Symbol.asyncDispose]();
    },
    hangUp: () => daemon.lookForGpus(),
  };
}

/** Starts berthd as `npm start` does; resolves once it says that it serves. */
export async function spawnBerthd(env: Environment, logFile: string): Promise<RunningBerthd> {
  const child = spawn(join(ROOT, 'bin/node'), [join(ROOT, 'src/berthd.ts'), '--config', '/dev/null'], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', openSync(logFile, 'a')],
  });
  const exited = once(child, 'exit');
  const said = await Promise.race([firstLine(child.stdout), exited.then(() => readFile(logFile, 'utf8'))]);
  const [, apiUrl, gatewayUrl] = /^berthd serves: API (\S+), containers (\S+), /.exec(said) ?? [];
  const installation = /"installation":"([^"]+)"/.exec(await readFile(logFile, 'utf8'))?.[1];
  if (!apiUrl || !gatewayUrl || !installation) throw new Error(`berthd did not start: ${said}`);
  return {
    apiUrl,
    gatewayUrl,
    installation,
    stop: async (signal) => {
      child.kill(signal);
      const [code] = await exited;
      if (signal === 'SIGTERM' && code !== 0) throw new Error(`berthd exited with ${code}`);
    },
    hangUp: async () => void child.kill('SIGHUP'),
  };
}

async function firstLine(output: Readable | null): Promise<string> {
  if (output === null) throw new Error('the process has no standard output');
  const [line] = await once(createInterface(output), 'line', { signal: AbortSignal.timeout(START_MS) });
  return String(line);
}
