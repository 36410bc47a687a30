import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { DomainError, messageOf } from '../domain/errors.ts';
import { launchGateway } from './launch.ts';
import { type GatewayLink, openGatewayLink } from './link.ts';
import type { LogLevel } from './settings.ts';

/** A running gateway answers on its admin socket at once. */
const ADOPT_MS = 1_000;
const LAUNCH_MS = 15_000;
const RELOAD_MS = 30_000;

/** How to come to a gateway. */
export interface AcquireOptions {
  /** The admin socket of a gateway that somebody else runs; null to adopt or start one of our own. */
  readonly gatewaySocket: string | null;
  /** Where our own gateway keeps its socket, its table and its log. */
  readonly folder: string;
  /** Null: port 80, or 8080 when 80 may not be bound. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** Null leaves it to the gateway. */
  readonly workers: number | null;
  readonly drainTimeoutMs: number;
  readonly logLevel: LogLevel;
  readonly version: string;
  readonly log: Logger;
}

/**
 * The link to the gateway: of the system's, of our own that runs already (an earlier berthd started it, and its traffic
 * goes on), or of one that is started now. Throws a DomainError where the port can't be had.
 */
export async function acquireGateway(options: AcquireOptions, signal: AbortSignal): Promise<GatewayLink> {
  const { gatewaySocket, folder, log } = options;
  if (gatewaySocket !== null) return openGatewayLink({ socketPath: gatewaySocket, log });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socketPath = join(socketFolder(folder), 'admin.sock');
  const running = existsSync(socketPath) ? await adopt(socketPath, options, signal) : undefined;
  if (running !== undefined) return running;
  await launch(socketPath, options, signal);
  return await connected(socketPath, LAUNCH_MS, log, signal);
}

/** A Unix socket's path holds 107 bytes (unix(7)); a new generation's is a little longer before it takes the old one's place. */
const LONGEST_SOCKET_PATH = 95;

/** The folder itself, or where its path is too long for a socket a short one that is ours alone. */
function socketFolder(folder: string): string {
  if (Buffer.byteLength(join(folder, 'admin.sock')) <= LONGEST_SOCKET_PATH) return folder;
  const short = join(tmpdir(), `berth-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`);
  mkdirSync(short, { recursive: true, mode: 0o700 });
  const found = lstatSync(short);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o077) !== 0) {
    throw new DomainError(
      'conflict',
      `${short} is not this user's alone: remove it, or use a shorter BERTH_DATA_DIR.`,
    );
  }
  return short;
}

/** The link to a gateway that runs already; undefined where none answers any more. */
async function adopt(
  socketPath: string,
  options: AcquireOptions,
  signal: AbortSignal,
): Promise<GatewayLink | undefined> {
  try {
    const link = await connected(socketPath, ADOPT_MS, options.log, signal);
    await renew(link, options, signal);
    return link;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && error.name === 'TimeoutError') return undefined;
    throw error;
  }
}

async function connected(
  socketPath: string,
  ms: number,
  log: Logger,
  signal: AbortSignal,
): Promise<GatewayLink> {
  const link = openGatewayLink({ socketPath, log });
  try {
    await link.ready(AbortSignal.any([signal, AbortSignal.timeout(ms)]));
    return link;
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
}

/** A gateway of another version starts a generation of this one; its traffic goes on meanwhile. */
async function renew(
  link: GatewayLink,
  { version, listen, log }: AcquireOptions,
  signal: AbortSignal,
): Promise<void> {
  const running = link.info();
  log.info({ generation: running?.generation, version: running?.version }, 'adopted the running gateway');
  if (running !== undefined && listen !== null && listen.port !== 0 && listen.port !== running.listen.port) {
    log.warn(
      { listens: running.listen, configured: listen },
      'the running gateway listens elsewhere than configured: stop it, and the next berthd starts one as configured',
    );
  }
  if (running === undefined || running.version === version) return;
  await link.reload(AbortSignal.any([signal, AbortSignal.timeout(RELOAD_MS)])).catch((error: unknown) => {
    log.warn(
      { reason: messageOf(error), version: running.version },
      'the gateway goes on with its old version',
    );
  });
}

async function launch(adminSocket: string, options: AcquireOptions, signal: AbortSignal): Promise<void> {
  const { folder, listen, log, ...rest } = options;
  const candidates = listen === null ? [80, 8080].map((port) => ({ host: '127.0.0.1', port })) : [listen];
  const refusals: string[] = [];
  for (const { host, port } of candidates) {
    try {
      const files = { adminSocket, tableFile: join(folder, 'table.json') };
      const started = await launchGateway(
        { ...rest, ...files, logFile: join(folder, 'gateway.log'), host, port },
        signal,
      );
      // For whoever wants to end it: it outlives berthd.
      writeFileSync(join(folder, 'pid'), `${started.pid}\n`);
      log.info({ gatewayPid: started.pid, host, port: started.port }, 'started the gateway');
      return;
    } catch (error) {
      if (!isPortRefused(error)) throw error;
      refusals.push(messageOf(error));
    }
  }
  throw new DomainError(
    'unavailable',
    `The gateway can't have its port: ${refusals.join('; ')}. Free the port, or choose another with BERTH_GATEWAY_LISTEN.`,
  );
}

function isPortRefused(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
  );
}
