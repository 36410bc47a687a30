import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type DestinationStream, pino } from 'pino';
import { z } from 'zod';
import { createApi } from '../../src/api/app.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { serveApi } from '../../src/api/serve.ts';
import { createTokens, type TokenKeys } from '../../src/auth/tokens.ts';
import { LogReader } from '../../src/logs/log-reader.ts';
import { ContainerStore } from '../../src/store/containers.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { EventStore } from '../../src/store/events.ts';
import { UserStore } from '../../src/store/users.ts';
import { NO_CLAIMS, NO_GPUS, sightOf } from '../support/gpu-sight.ts';

/** What signs the tests' tokens: 40 bytes of text. */
export const SECRET = 'only-for-tests-and-never-for-anything-el';

/** What a test may say differently. */
export interface ApiOptions extends Partial<Omit<ApiDeps, 'tokens' | 'log'>> {
  readonly keys?: TokenKeys;
  readonly issuer?: string;
  readonly audience?: string;
  readonly dataDir?: string;
}

/** A request as tests write it. `token` null sends none; a string body goes as it is, anything else as JSON. */
export interface Call {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined where it is empty or none. */
  readonly json: unknown;
}

/** The API over real HTTP and a real database; only the reconciler is a recorder. */
export interface TestApi extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly socketPath: string;
  readonly db: Database;
  readonly containers: ContainerStore;
  readonly users: UserStore;
  readonly events: EventStore;
  /** What the reconciler was told to look at. */
  readonly kicked: readonly string[];
  /** Everything that was logged, a line of JSON each. */
  readonly logged: readonly string[];
  /** A token that holds. */
  token(sub: string, roles?: readonly string[]): Promise<string>;
  /** Asks over TCP, as ADMIN unless told otherwise. */
  call(method: string, path: string, call?: Call): Promise<Answer>;
  /** Asks over the Unix socket. */
  callLocal(method: string, path: string, call?: Call): Promise<Answer>;
}

/** Starts the API on a port of the kernel's choice and on a Unix socket. */
export async function startApi(options: ApiOptions = {}): Promise<TestApi> {
  await using parts = new AsyncDisposableStack();
  const dataDir = parts.adopt(options.dataDir ?? mkdtempSync(join(tmpdir(), 'berth-api-')), (dir) =>
    rmSync(dir, { recursive: true, force: true }),
  );
  const db = parts.adopt(openDatabase(dataDir), (open) => open.destroy());
  const events = new EventStore(db, Date.now);
  const containers = new ContainerStore(db, events);
  const users = new UserStore(db);
  const kicked: string[] = [];
  const logged: string[] = [];
  const sink: DestinationStream = { write: (line) => logged.push(line) };
  const now = options.now ?? (() => new Date());
  const { keys = { kind: 'secret', secret: SECRET }, issuer = null, audience = null } = options;
  const tokens = createTokens(keys, { issuer, audience }, now, () => {});
  // A token's times are the real clock's, whatever the API is told.
  const signing = createTokens(
    { kind: 'secret', secret: SECRET },
    { issuer, audience },
    () => new Date(),
    () => {},
  );
  const api = createApi({
    domain: 'localhost',
    gatewayPort: () => 8080,
    containers,
    users,
    reconciler: { kick: (id) => kicked.push(id) },
    events,
    gpus: sightOf(NO_GPUS),
    gpuClaims: async () => NO_CLAIMS,
    machine: () => ({ cpus: 2, memoryBytes: 4 * 1024 ** 3 }),
    logs: new LogReader({
      // No container of these tests ever ran: there is no log, and no change of it.
      engine: { instances: async () => [], logs: async function* () {} },
      containers,
      changes: { subscribe: () => ({ next: aborted, [Symbol.dispose]() {} }) },
    }),
    allowedHosts: ['berth.example.com'],
    version: '0.0.0-test',
    newId: randomUUID,
    ...options,
    log: pino({ level: 'debug' }, sink),
    now,
    tokens,
  });
  const tcp = parts.use(await serveApi(api, { host: '127.0.0.1', port: 0 }, 'token'));
  const socketPath = join(dataDir, 'berth.sock');
  parts.use(await serveApi(api, { socketPath }, 'local'));
  const port = Number(tcp.address.split(':').at(-1));

  const token = async (sub: string, roles: readonly string[] = []) =>
    (await signing.issue?.({ sub, roles, ttlMs: 60_000 }))?.token ?? '';
  const admin = await token('admin', ['ADMIN']);
  const owned = parts.move();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    socketPath,
    db,
    containers,
    users,
    events,
    kicked,
    logged,
    token,
    call: (method, path, { token: given = admin, ...call } = {}) =>
      send({ host: '127.0.0.1', port }, method, path, given, call),
    callLocal: (method, path, { token: given = null, ...call } = {}) =>
      send({ socketPath }, method, path, given, call),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The id of what an answer shows. */
export function idOf({ json }: Answer): string {
  return z.object({ id: z.string() }).parse(json).id;
}

/** The paths of the fields that a refusal names. */
export function fieldsOf({ json }: Answer): readonly string[] {
  const { errors } = z.object({ errors: z.array(z.object({ path: z.string() })).default([]) }).parse(json);
  return errors.map(({ path }) => path);
}

/** The entries of a page. */
export function itemsOf({ json }: Answer): readonly Record<string, unknown>[] {
  return z.object({ items: z.array(z.record(z.string(), z.unknown())) }).parse(json).items;
}

/** A body that is accepted. */
export const HELLO = { name: 'hello-world', image: 'nginxdemos/hello:latest' };

async function send(
  to: { host: string; port: number } | { socketPath: string },
  method: string,
  path: string,
  token: string | null,
  { headers = {}, body }: Call,
): Promise<Answer> {
  const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const outgoing = request({
    ...to,
    method,
    path,
    agent: false,
    headers: {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(bytes) }),
      ...headers,
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  outgoing.once('error', reject);
  outgoing.once('response', (response) => {
    text(response).then(
      (read) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: read,
          json: parsed(read),
        }),
      reject,
    );
  });
  outgoing.end(bytes);
  return await promise;
}

function parsed(read: string): unknown {
  try {
    return JSON.parse(read);
  } catch {
    return undefined;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}
