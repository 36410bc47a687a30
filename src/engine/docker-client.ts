import { Agent } from 'node:http';
import { addAbortSignal, Readable } from 'node:stream';
import { inspect } from 'node:util';
import Docker from 'dockerode';
import type { z } from 'zod';
import { chooseApiVersion } from './api-version.ts';
import { withDeadline } from './deadline.ts';
import { VersionAnswer } from './docker-answers.ts';
import { type DockerHost, placeOf } from './docker-host.ts';
import { EngineError } from './engine.ts';
import { explainRefusal, Refusal, refusalOf } from './refusal.ts';
import { explainSilence } from './silence.ts';

/** One call of the Docker API. */
export interface DockerRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** After the version, such as "/containers/json". */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** The JSON of X-Registry-Auth. */
  readonly registryAuth?: object | undefined;
  /** Statuses that are no error besides 2xx: what was asked for is so already. */
  readonly accept?: readonly number[];
  /** Milliseconds until the answer (of a stream: its head) must be there. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** What a refusal means; explainRefusal where absent. */
  readonly explain?: (refusal: Refusal) => EngineError;
}

/** The engine that answers, and the API spoken with it. */
export interface Session {
  readonly docker: Docker;
  readonly version: string;
  readonly apiVersion: string;
  /** GOARCH: "amd64", "arm64". */
  readonly architecture: string;
}

const SUCCESS: ReadonlyArray<number> = [200, 201, 204];
const NEVER = new AbortController().signal;

/**
 * Speaks the Docker API over dockerode's transport: one connection a call, version negotiated with whichever engine
 * answers, a deadline for each call. Every rejection is an EngineError, or the reason of the caller's signal.
 */
export class DockerClient implements Disposable {
  readonly #host: DockerHost;
  readonly #infoDeadline: number;
  // Kept-alive connections would break under a call when the engine restarts.
  readonly #agent = new OpaqueAgent({ keepAlive: false });
  #session: Promise<Session> | undefined;
  #outages = 0;
  #closed = false;

  constructor(host: DockerHost, infoDeadline: number) {
    this.#host = host;
    this.#infoDeadline = infoDeadline;
  }

  /** Makes a call and reads its whole JSON answer. */
  async ask<T>(request: DockerRequest, answer: z.ZodType<T>): Promise<T> {
    const parsed = answer.safeParse(await this.#send(request, false));
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new EngineError(
      'refused',
      `the engine's answer to ${request.path} is not understood, at "${where}"`,
    );
  }

  /** Makes a call whose answer doesn't matter. */
  async tell(request: DockerRequest): Promise<void> {
    await this.#send(request, false);
  }

  /** Makes a call and gives its body to read; the reader destroys it. It is destroyed when the signal aborts. */
  async open(request: DockerRequest): Promise<Readable> {
    const body = await this.#send(request, true);
    if (!(body instanceof Readable)) throw new TypeError('docker-modem gave no stream');
    return addAbortSignal(request.signal, body);
  }

  /** Grows each time the engine was away: what was learnt of it before may not hold any more. */
  get outages(): number {
    return this.#outages;
  }

  /** The engine that answers now: asks it anew where `fresh`. */
  async session(signal: AbortSignal, fresh = false): Promise<Session> {
    if (fresh) this.#session = undefined;
    try {
      return await withDeadline(this.#infoDeadline, signal, () => this.#negotiated());
    } catch (error) {
      throw this.#explained(error, signal, explainRefusal);
    }
  }

  /** Turns what broke a stream after its head into what a caller is told. */
  broken(error: unknown, signal: AbortSignal): unknown {
    return this.#explained(error, signal, explainRefusal);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#agent.destroy();
  }

  async #send(request: DockerRequest, stream: boolean): Promise<unknown> {
    try {
      return await withDeadline(request.deadline, request.signal, (signal) =>
        this.#inSession(request, stream, signal),
      );
    } catch (error) {
      throw this.#explained(error, request.signal, request.explain ?? explainRefusal);
    }
  }

  async #inSession(request: DockerRequest, stream: boolean, signal: AbortSignal): Promise<unknown> {
    const dialled = { ...request, signal };
    try {
      return await dial((await this.#negotiated()).docker, dialled, stream);
    } catch (error) {
      if (!(error instanceof Refusal) || !/client version [\d.]+ is too (old|new)/.test(error.message))
        throw error;
      // Another engine answers at the same place now.
      this.#forget();
      return await dial((await this.#negotiated()).docker, dialled, stream);
    }
  }

  #forget(): void {
    this.#session = undefined;
    this.#outages++;
  }

  #negotiated(): Promise<Session> {
    if (this.#closed)
      throw new EngineError('unavailable', 'the connection to the container engine is closed');
    if (this.#session !== undefined) return this.#session;
    const session = withDeadline(this.#infoDeadline, NEVER, (signal) => this.#negotiate(signal));
    // A failure is not kept: the next call asks again.
    session.catch(() => {
      if (this.#session === session) this.#session = undefined;
    });
    this.#session = session;
    return session;
  }

  async #negotiate(signal: AbortSignal): Promise<Session> {
    const request = { path: '/version', deadline: this.#infoDeadline, signal };
    const parsed = VersionAnswer.safeParse(await dial(this.#docker(undefined), request, false));
    if (!parsed.success) {
      throw new EngineError('unavailable', `what answers at ${placeOf(this.#host)} is not a Docker Engine`);
    }
    const answer = parsed.data;
    const offered = {
      version: answer.Version,
      apiVersion: answer.ApiVersion,
      minApiVersion: answer.MinAPIVersion,
    };
    const apiVersion = chooseApiVersion(offered);
    return {
      docker: this.#docker(apiVersion),
      version: answer.Version,
      apiVersion,
      architecture: answer.Arch,
    };
  }

  // dockerode reads DOCKER_HOST and its kin from the environment unless each of these is given.
  #docker(apiVersion: string | undefined): Docker {
    const version = apiVersion === undefined ? '' : `v${apiVersion}`;
    const common = { protocol: 'http', agent: this.#agent, version, timeout: 0 } as const;
    return this.#host.kind === 'socket'
      ? new Docker({ ...common, host: '', socketPath: this.#host.socketPath })
      : new Docker({ ...common, host: this.#host.host, port: this.#host.port });
  }

  #explained(error: unknown, signal: AbortSignal, explain: (refusal: Refusal) => EngineError): unknown {
    if (signal.aborted) return signal.reason;
    const told = error instanceof Refusal ? explain(error) : error;
    const engineError = told instanceof EngineError ? told : explainSilence(this.#host, told);
    if (engineError.kind === 'unavailable') this.#forget();
    return engineError;
  }
}

/**
 * docker-modem writes each request's options out for its debug log, also when nobody reads that: with the agent in them,
 * and all of its sockets, a call took milliseconds more for every stream that was open.
 */
class OpaqueAgent extends Agent {
  [inspect.custom](): string {
    return 'Agent';
  }
}

/** Rejects with Refusal where the engine answered. */
function dial(docker: Docker, request: DockerRequest, isStream: boolean): Promise<unknown> {
  const accepted = [...SUCCESS, ...(request.accept ?? [])];
  const options = {
    path: `${request.path}?`,
    method: request.method ?? 'GET',
    // An empty body is left out by docker-modem; an absent one would become the query.
    options: { _query: request.query ?? {}, _body: request.body ?? {} },
    ...(request.registryAuth === undefined ? {} : { authconfig: request.registryAuth }),
    isStream,
    statusCodes: Object.fromEntries(accepted.map((status) => [status, true])),
    abortSignal: request.signal,
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(options, (error: unknown, answer: unknown) => {
      if (error === null || error === undefined) resolve(answer);
      else reject(refusalOf(error) ?? error);
    });
  });
}
