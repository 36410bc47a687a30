import { type EventOptions, readEvents } from './events.ts';
import { type LogOptions, streamLogs } from './logs.ts';
import { Unreachable } from './problem.ts';
import { type ApiRequest, type Fetch, send, type Transport } from './transport.ts';
import type {
  BerthEvent,
  Container,
  ContainerChange,
  EventGap,
  GpuModel,
  GpuPage,
  Health,
  IssuedToken,
  LogEvent,
  NewContainer,
  NewUser,
  Page,
  PageQuery,
  Revision,
  Token,
  TokenRequest,
  User,
} from './wire.ts';

/** Where the API is and who asks. */
export type ClientOptions = {
  /** A signed token; none over the Unix socket, where file permission is the authentication. */
  readonly token?: string;
  /** In place of the platform's fetch. */
  readonly fetch?: Fetch;
  /** How long one answer may take in milliseconds; 30,000 when left out. A stream has it for its head only. */
  readonly deadlineMs?: number;
} & ({ readonly baseUrl: string } | { readonly socketPath: string });

/** What every call takes besides its own arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The whole API, typed. Every call rejects with ApiProblem for a refusal, Unreachable where no answer came in time, and
 * the signal's reason when the caller aborts.
 */
export interface Client {
  /** The caller's containers, newest first; everyone's with `all`, for an admin. */
  listContainers(
    query?: PageQuery & { readonly all?: boolean },
    call?: CallOptions,
  ): Promise<Page<Container>>;
  getContainer(id: string, call?: CallOptions): Promise<Container>;
  /** Resolves when the container is recorded; its status tells how the deploy goes. */
  createContainer(container: NewContainer, call?: CallOptions): Promise<Container>;
  /** Makes a new revision; fields left out keep their value. */
  updateContainer(id: string, change: ContainerChange, call?: CallOptions): Promise<Container>;
  deleteContainer(id: string, call?: CallOptions): Promise<void>;
  /** Newest first. */
  listRevisions(id: string, query?: PageQuery, call?: CallOptions): Promise<Page<Revision>>;
  /** A container's log, over dropped connections without loss or repeat; ends when the container is gone or the signal aborts. */
  logs(id: string, options?: LogOptions): AsyncIterable<LogEvent>;
  /** What happens to the caller's containers, to everything for an admin; over dropped connections without loss or repeat. */
  events(options?: EventOptions): AsyncIterable<BerthEvent | EventGap>;
  gpuModels(query?: PageQuery, call?: CallOptions): Promise<Page<GpuModel>>;
  /** The machine's own, as they are now. */
  gpus(query?: PageQuery, call?: CallOptions): Promise<GpuPage>;
  /** A token for anyone; for an admin. */
  issueToken(request: TokenRequest, call?: CallOptions): Promise<IssuedToken>;
  /** For an admin. */
  addUser(user: NewUser, call?: CallOptions): Promise<User>;
  /** The user's own token, by HTTP Basic. */
  loginWithPassword(name: string, password: string, call?: CallOptions): Promise<Token>;
  healthz(call?: CallOptions): Promise<Health>;
}

/** A client of one berthd, at a URL or behind its Unix socket. Opens nothing before the first call. */
export function createClient(options: ClientOptions): Client {
  const transport: Transport = {
    baseUrl: 'baseUrl' in options ? options.baseUrl : 'http://localhost',
    token: options.token ?? null,
    fetch: options.fetch ?? ('baseUrl' in options ? fetch : lazySocketFetch(options.socketPath)),
    deadlineMs: options.deadlineMs ?? 30_000,
  };
  const ask = <Answer>(request: ApiRequest) => askJson<Answer>(transport, request);

  return {
    listContainers: (query = {}, call = {}) =>
      ask({ method: 'GET', path: '/v1/containers', query: { ...query }, ...call }),
    getContainer: (id, call = {}) => ask({ method: 'GET', path: containerPath(id), ...call }),
    createContainer: (body, call = {}) => ask({ method: 'POST', path: '/v1/containers', body, ...call }),
    updateContainer: (id, body, call = {}) => ask({ method: 'PUT', path: containerPath(id), body, ...call }),
    deleteContainer: async (id, call = {}) => {
      await send(transport, { method: 'DELETE', path: containerPath(id), ...call });
    },
    listRevisions: (id, query = {}, call = {}) =>
      ask({ method: 'GET', path: `${containerPath(id)}/revisions`, query: { ...query }, ...call }),
    logs: (id, logOptions = {}) => streamLogs(transport, `${containerPath(id)}/logs`, logOptions),
    events: (eventOptions = {}) => readEvents(transport, eventOptions),
    gpuModels: (query = {}, call = {}) =>
      ask({ method: 'GET', path: '/v1/gpu-models', query: { ...query }, ...call }),
    gpus: (query = {}, call = {}) => ask({ method: 'GET', path: '/v1/gpus', query: { ...query }, ...call }),
    issueToken: (body, call = {}) => ask({ method: 'POST', path: '/v1/tokens', body, ...call }),
    addUser: (body, call = {}) => ask({ method: 'POST', path: '/v1/users', body, ...call }),
    loginWithPassword: (name, password, call = {}) =>
      ask({ method: 'GET', path: '/v1/users/token', headers: basic(name, password), ...call }),
    healthz: (call = {}) => ask({ method: 'GET', path: '/healthz', ...call }),
  };
}

/** What the daemon answers was made from the schemas that these types are of; it is trusted, not judged again. */
async function askJson<Answer>(transport: Transport, request: ApiRequest): Promise<Answer> {
  const body = await send(transport, request);
  try {
    const answer: Answer = JSON.parse(body);
    return answer;
  } catch (error) {
    throw new Unreachable(null, 'its answer is no JSON, so it is another program', error);
  }
}

function containerPath(id: string): string {
  return `/v1/containers/${encodeURIComponent(id)}`;
}

/** RFC 7617, in UTF-8. */
function basic(name: string, password: string): { authorization: string } {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return { authorization: `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}` };
}

function lazySocketFetch(path: string): Fetch {
  let loaded: Promise<Fetch> | undefined;
  return async (url, init) => {
    loaded ??= import('./unix-socket.ts').then(({ fetchOverUnixSocket }) => fetchOverUnixSocket(path));
    return (await loaded)(url, init);
  };
}
