import { readFile } from 'node:fs/promises';
import type { Listener } from './engine.ts';

const LISTEN = '0A';
/** Docker's own name server listens inside each container, on a port of chance. */
const DOCKER_DNS = '0B00007F';

/** What listens in the network namespace of a process; undefined where that can't be seen from here. */
export async function listenersOf(pid: number, instanceId: string): Promise<readonly Listener[] | undefined> {
  try {
    // The engine may count processes in another namespace or on another machine: whose process it is, its cgroup tells.
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'latin1');
    if (!cgroup.includes(instanceId)) return undefined;
    const tables = ['tcp', 'tcp6'].map((name) =>
      readFile(`/proc/${pid}/net/${name}`, 'latin1').catch(absent),
    );
    return parseListeners((await Promise.all(tables)).join('\n'));
  } catch {
    return undefined;
  }
}

// Without IPv6 there is no tcp6.
function absent(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
  throw error;
}

/** Parses the text of /proc/net/tcp and tcp6, one or both (proc_net_tcp(5)): one entry a port, lowest first. */
export function parseListeners(table: string): readonly Listener[] {
  const byPort = new Map<number, boolean>();
  for (const line of table.split('\n')) {
    const socket = listeningSocket(line);
    if (socket === undefined) continue;
    byPort.set(socket.port, (byPort.get(socket.port) ?? true) && socket.loopback);
  }
  return [...byPort].sort(([a], [b]) => a - b).map(([port, loopbackOnly]) => ({ port, loopbackOnly }));
}

function listeningSocket(line: string): { port: number; loopback: boolean } | undefined {
  const fields = /^\s*\d+:\s+([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})\s+\S+\s+([0-9A-F]{2})\s/.exec(line);
  if (fields === null) return undefined;
  const [, address = '', port = '', state] = fields;
  if (state !== LISTEN || address === DOCKER_DNS) return undefined;
  return { port: Number.parseInt(port, 16), loopback: isLoopback(address) };
}

// Each 32 bits stand with their first byte last: 127.0.0.1 is 0100007F, ::1 ends in 01000000.
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  return address === `${'0'.repeat(24)}01000000` || /^0{16}FFFF0000.{6}7F$/.test(address);
}
