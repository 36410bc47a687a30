import { type ChildProcess, spawn } from 'node:child_process';
import { LISTEN_FD } from './inherited-socket.ts';
import { argumentsFor, type GatewaySettings, type Role } from './settings.ts';

/** Starts another process of the gateway from the code now on disk, with the listening socket and a channel to it. */
export function spawnRole(
  settings: GatewaySettings,
  role: Role,
  generation: number,
  entry: string,
): ChildProcess {
  return spawn(process.execPath, [entry, ...argumentsFor(settings, role, generation)], {
    stdio: ['ignore', 'inherit', 'inherit', LISTEN_FD, 'ipc'],
    env: { ...settings.environment },
  });
}

/** Why a process ended, in words. Resolves when it has, also when it could not be started at all. */
export function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}

/** Waits for a process to end, and kills it at the deadline. */
export async function endWithin(
  child: ChildProcess,
  exited: Promise<string>,
  deadlineMs: number,
): Promise<void> {
  const kill = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  await exited;
  clearTimeout(kill);
}
