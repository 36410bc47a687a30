import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Client, createClient } from '../client/client.ts';
import { UsageError } from './errors.ts';

const SYSTEM_FOLDER = '/run/berth';

/** The process's environment as the command line uses it. This file is the only one of cli/ that reads it. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Whether the command runs as root. */
  readonly root: boolean;
  readonly home: string;
}

/** Where berthd is asked: behind its Unix socket, or at a URL with a token. */
export type Address =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string; readonly token: string | null };

/** A client and the address that it asks, for messages. */
export interface Connection {
  readonly client: Client;
  readonly address: Address;
}

/** Reads the environment of this process. */
export function readEnvironment(): Environment {
  return { variables: process.env, root: process.getuid?.() === 0, home: homedir() };
}

/** Opens nothing yet: the first call does. `host` is what --host says, which wins over BERTH_HOST. */
export function connect(environment: Environment, host: string | undefined): Connection {
  const address = addressOf(environment, host);
  if (address.kind === 'socket') return { address, client: createClient({ socketPath: address.path }) };
  const { url, token } = address;
  return { address, client: createClient({ baseUrl: url, ...(token !== null && { token }) }) };
}

/** An address for a person to read. */
export function describeAddress(address: Address): string {
  return address.kind === 'socket' ? address.path : address.url;
}

/** Where berthd's Unix socket is expected: the system's one where there is one, else where berthd puts a user's own. */
export function socketPath({ variables, root, home }: Environment): string {
  if (variables.BERTH_SOCKET) return variables.BERTH_SOCKET;
  // Who isn't in the group may see the folder and not the socket in it.
  if (root || existsSync(SYSTEM_FOLDER)) return join(SYSTEM_FOLDER, 'berth.sock');
  const dataDir = variables.BERTH_DATA_DIR || join(home, '.local/share/berth');
  return join(variables.XDG_RUNTIME_DIR || dataDir, 'berth.sock');
}

/** Whether a socket is of the berthd that the system runs, as root. */
export function isSystemSocket(path: string): boolean {
  return dirname(path) === SYSTEM_FOLDER;
}

function addressOf(environment: Environment, option: string | undefined): Address {
  const host = option ?? environment.variables.BERTH_HOST;
  if (!host) return { kind: 'socket', path: socketPath(environment) };
  if (host.startsWith('unix://')) return { kind: 'socket', path: host.slice('unix://'.length) };
  const url = host.includes('://') ? host : `http://${host}`;
  const parsed = URL.parse(url);
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new UsageError(`"${host}" is no address of berthd: write http://HOST:PORT or unix:///PATH`);
  }
  return { kind: 'url', url, token: environment.variables.BERTH_TOKEN ?? null };
}
