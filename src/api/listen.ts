import { once } from 'node:events';
import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { DomainError, messageOf } from '../domain/errors.ts';

/** Where to listen: a TCP address (port 0 lets the system choose), or a Unix socket for the members of a group. */
export type Listen =
  | { readonly host: string; readonly port: number }
  | { readonly socketPath: string; readonly group?: string };

const SOCKET_MODE = 0o660;
const PROBE_MS = 1_000;

/** Begins to listen and tells where: `host:port`, or the socket's path. Throws a DomainError that says what to do. */
export async function listenOn(server: Server, on: Listen): Promise<string> {
  return 'socketPath' in on ? await listenOnSocket(server, on) : await listenOnPort(server, on.host, on.port);
}

async function listenOnPort(server: Server, host: string, port: number): Promise<string> {
  await begin(server, () => server.listen(port, host), `${host}:${port}`, 'BERTH_API_LISTEN');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  return address.family === 'IPv6'
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}

async function listenOnSocket(
  server: Server,
  { socketPath, group = 'berth' }: { socketPath: string; group?: string },
): Promise<string> {
  await clearStale(socketPath);
  await begin(server, () => server.listen(socketPath), socketPath, 'BERTH_SOCKET');
  chmodSync(socketPath, SOCKET_MODE);
  giveToGroup(socketPath, group);
  return socketPath;
}

async function begin(server: Server, start: () => void, what: string, setting: string): Promise<void> {
  try {
    start();
    await once(server, 'listening');
  } catch (error) {
    throw new DomainError(
      'unavailable',
      `The API can't listen on ${what}: ${messageOf(error)}. Free it, or choose another with ${setting}.`,
      { cause: error },
    );
  }
}

/** Takes away what a daemon left that was killed. Nobody's living socket, and nothing that is no socket. */
async function clearStale(socketPath: string): Promise<void> {
  const found = lstatSync(socketPath, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket() || (await answers(socketPath))) {
    const what = found.isSocket() ? 'another program answers there' : 'there is a file that is no socket';
    throw new DomainError(
      'conflict',
      `The API can't listen on ${socketPath}: ${what}. Choose another with BERTH_SOCKET.`,
    );
  }
  unlinkSync(socketPath);
}

/** Only a refusal tells that nobody is there: one who doesn't answer in time may just be busy. */
function answers(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(socketPath);
  socket.setTimeout(PROBE_MS, () => resolve(true));
  socket.once('connect', () => resolve(true));
  socket.once('error', (error) => resolve(!('code' in error) || error.code !== 'ECONNREFUSED'));
  return promise.finally(() => socket.destroy());
}

/** Lets a group's members in where the group exists and we may: otherwise the socket stays the owner's alone. */
function giveToGroup(socketPath: string, group: string): void {
  const gid = groupId(group);
  if (gid === undefined) return;
  try {
    chownSync(socketPath, process.getuid?.() ?? -1, gid);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error;
  }
}

function groupId(group: string): number | undefined {
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [name, , gid] = line.split(':');
    if (name === group && gid !== undefined) return Number(gid);
  }
  return undefined;
}
