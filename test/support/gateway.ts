import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Route } from '../../src/domain/route.ts';
import { launchGateway } from '../../src/gateway/launch.ts';
import { type GatewayLink, openGatewayLink } from '../../src/gateway/link.ts';

export interface GatewayOptions {
  readonly workers?: number;
  readonly drainTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
  /** A folder of an earlier gateway, to start from its table. */
  readonly dir?: string;
}

/** A real gateway: parent, generation and link. */
export interface TestGateway extends AsyncDisposable {
  readonly dir: string;
  readonly adminSocket: string;
  readonly tableFile: string;
  /** Of the parent. */
  readonly pid: number;
  readonly port: number;
  readonly link: GatewayLink;
  log(): Promise<string>;
  /** Publishes a route to these upstreams of the loopback and waits until it is used. */
  route(host: string, ports: readonly number[], options?: Partial<Route>): Promise<Route>;
  /** Asks the parent to stop, and resolves when it has. */
  stop(): Promise<void>;
}

const WAIT_MS = 20_000;

/** A signal that ends a wait which the test would otherwise hang on. */
export function soon(ms = WAIT_MS): AbortSignal {
  return AbortSignal.timeout(ms);
}

/** Waits until something outside this process holds. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it did not come to pass: ${what}`);
    await sleep(10);
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'berth-gateway-')));
  const adminSocket = join(dir, 'gateway.sock');
  const tableFile = join(dir, 'table.json');
  const logFile = join(dir, 'gateway.log');
  const launched = await launchGateway(
    {
      host: '127.0.0.1',
      port: 0,
      adminSocket,
      tableFile,
      logFile,
      logLevel: 'debug',
      workers: options.workers ?? 1,
      drainTimeoutMs: options.drainTimeoutMs ?? 5_000,
      stopTimeoutMs: options.stopTimeoutMs ?? 2_000,
    },
    soon(),
  );
  const link = openGatewayLink({ socketPath: adminSocket, log: pino({ level: 'silent' }) });
  await link.ready(soon());
  const stop = async (): Promise<void> => {
    if (isRunning(launched.pid)) process.kill(launched.pid, 'SIGTERM');
    await eventually(() => !isRunning(launched.pid), 'the gateway stops');
  };
  return {
    dir,
    adminSocket,
    tableFile,
    ...launched,
    link,
    stop,
    log: () => readFile(logFile, 'utf8'),
    route: async (host, ports, more = {}) => {
      const route = routeTo(host, ports, more);
      await link.publish(route, soon());
      return route;
    },
    async [Symbol.asyncDispose]() {
      await link[Symbol.asyncDispose]();
      await stop();
      if (!options.dir) await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A route whose container and instances are named after the host. */
export function routeTo(host: string, ports: readonly number[], more: Partial<Route> = {}): Route {
  return {
    containerId: `container-of-${host}`,
    hosts: [host],
    requestTimeoutMs: 5_000,
    upstreams: ports.map((port) => ({ instance: `${host}-${port}`, host: '127.0.0.1', port })),
    ...more,
  };
}
