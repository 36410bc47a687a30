import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entryPath } from './entry.ts';
import type { LogLevel } from './settings.ts';

export interface LaunchOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly adminSocket: string;
  readonly tableFile: string;
  readonly logFile: string;
  readonly logLevel: LogLevel;
  /** Processes that share the port, at least 1; null leaves it to the gateway. */
  readonly workers: number | null;
  readonly drainTimeoutMs: number;
  /** How long what is being answered may take when the gateway stops altogether; 5 s where not given. */
  readonly stopTimeoutMs?: number;
}

export interface LaunchedGateway {
  /** Of the gateway's parent, in a session of its own. */
  readonly pid: number;
  readonly port: number;
}

/**
 * Starts a gateway that outlives this process. Resolves once its parent runs and owns the port, before it serves.
 * Rejects with node's own error where the port can't be had: its `code` is EADDRINUSE or EACCES.
 */
export async function launchGateway(options: LaunchOptions, signal: AbortSignal): Promise<LaunchedGateway> {
  signal.throwIfAborted();
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<LaunchedGateway>();
  server.once('error', reject);
  server.listen({ host: options.host, port: options.port }, () => {
    // In the tick in which the socket begins to listen: this process never comes to accept a connection.
    startParent(options, server).then(resolve, reject);
    server.close();
  });
  return promise;
}

async function startParent(options: LaunchOptions, server: Server): Promise<LaunchedGateway> {
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      [entry(), '--admin', options.adminSocket, '--table', options.tableFile],
      {
        detached: true,
        stdio: ['ignore', log, log, descriptorOf(server)],
        env: environment(options),
      },
    );
    const port = portOf(server);
    child.unref();
    await once(child, 'spawn');
    if (child.pid === undefined) throw new Error('the gateway has no process id');
    return { pid: child.pid, port };
  } finally {
    closeSync(log);
  }
}

/** Nothing of this process's own environment, which holds its secrets. */
function environment(options: LaunchOptions): Record<string, string> {
  return {
    // Without LISTEN_PID, which can't be known before the process is there.
    LISTEN_FDS: '1',
    ...(options.workers !== null && { BERTH_GATEWAY_WORKERS: String(options.workers) }),
    BERTH_DRAIN_TIMEOUT: `${options.drainTimeoutMs}ms`,
    BERTH_LOG_LEVEL: options.logLevel,
    ...(options.stopTimeoutMs !== undefined && { BERTH_STOP_TIMEOUT: `${options.stopTimeoutMs}ms` }),
  };
}

/** The gateway's entry beside this folder, as source or as built. */
function entry(): string {
  const here = fileURLToPath(import.meta.url);
  const script = fileURLToPath(new URL(`../gateway${extname(here)}`, import.meta.url));
  return entryPath(script, process.argv[1]);
}

/** Node has no public way to a server's file descriptor, and a child can only be given a socket as one. */
function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  if (typeof fd !== 'number' || !Number.isInteger(fd) || fd < 0) {
    throw new Error(
      "this Node does not tell a listening socket's file descriptor; start the gateway from systemd",
    );
  }
  return fd;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on TCP');
  return address.port;
}
