import { readProblem, Unreachable, unreachable } from './problem.ts';

/** As much of fetch's init as the client uses. */
export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** As much of fetch's Response as the client uses. */
export interface FetchResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
  text(): Promise<string>;
}

/** The platform's fetch, or one that goes another way (unix-socket.ts). */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** One request to the API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Where the API is, who asks, and how long an answer may take. */
export interface Transport {
  readonly baseUrl: string;
  readonly token: string | null;
  readonly fetch: Fetch;
  /** Milliseconds for a whole answer; of a stream, for its head. */
  readonly deadlineMs: number;
}

/**
 * Sends a request and reads the whole answer as text; "" where it has none.
 * @throws ApiProblem for a refusal, Unreachable where no answer came in time, the signal's reason when it aborts.
 */
export async function send(transport: Transport, request: ApiRequest): Promise<string> {
  const deadline = AbortSignal.timeout(transport.deadlineMs);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
  try {
    const response = await transport.fetch(urlOf(transport, request), initOf(transport, request, signal));
    const body = await response.text();
    if (response.status < 400) return body;
    const type = response.headers.get('content-type') ?? '';
    throw readProblem(response.status, response.statusText, type, body);
  } catch (error) {
    throw failure(error, request.signal, deadline, transport.deadlineMs);
  }
}

/**
 * Sends a request and resolves with the answer's body as soon as its head is here. `signal` ends the stream too.
 * @throws as send does.
 */
export async function openStream(
  transport: Transport,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), transport.deadlineMs);
  const both = AbortSignal.any([signal, late.signal]);
  try {
    const response = await transport.fetch(urlOf(transport, request), initOf(transport, request, both));
    if (response.status < 400) return response.body ?? nothing();
    const type = response.headers.get('content-type') ?? '';
    throw readProblem(response.status, response.statusText, type, await response.text());
  } catch (error) {
    throw failure(error, signal, late.signal, transport.deadlineMs);
  } finally {
    clearTimeout(timer);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function urlOf(transport: Transport, request: ApiRequest): string {
  const url = new URL(transport.baseUrl.replace(/\/+$/, '') + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

function initOf(transport: Transport, request: ApiRequest, signal: AbortSignal): FetchInit {
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
  if (transport.token !== null) headers.authorization = `Bearer ${transport.token}`;
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  Object.assign(headers, request.headers);
  const init = { method: request.method, headers, signal };
  return request.body === undefined ? init : { ...init, body: JSON.stringify(request.body) };
}

/** The error to throw for what fetch threw: the caller's own abort, the deadline, a refusal, or a broken connection. */
function failure(
  error: unknown,
  caller: AbortSignal | undefined,
  deadline: AbortSignal,
  deadlineMs: number,
): unknown {
  if (error instanceof Error && error.name === 'ApiProblem') return error;
  if (caller?.aborted) return caller.reason;
  if (deadline.aborted)
    return new Unreachable('ETIMEDOUT', `no answer within ${Math.round(deadlineMs / 1000)} s`, error);
  return unreachable(error);
}
