import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { DomainError, type ErrorCode, type FieldError } from '../domain/errors.ts';
import type { ApiEnv } from './context.ts';
import { storageFailure } from './storage-failure.ts';

/** Why a request failed: the domain's codes and those that only HTTP knows. Each is the end of a problem's `type`. */
export type ProblemCode =
  | ErrorCode
  | 'method-not-allowed'
  | 'too-large'
  | 'unsupported-media-type'
  | 'misdirected'
  | 'internal';

/** The one place that maps what went wrong to a status. */
export const PROBLEMS = {
  invalid: { status: 400, title: 'Invalid request' },
  unauthenticated: { status: 401, title: 'Not authenticated' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  'too-large': { status: 413, title: 'Body too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  misdirected: { status: 421, title: 'Unknown host' },
  unsatisfiable: { status: 422, title: 'This machine can never do it' },
  'too-many': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  unavailable: { status: 503, title: 'Unavailable' },
} as const satisfies Record<ProblemCode, { status: number; title: string }>;

/** The media type of every error. */
export const PROBLEM_TYPE = 'application/problem+json';

/** Seconds after which a client that met a limit may try again. */
const RETRY_AFTER = '10';

const UNREADABLE = {
  400: { title: 'Bad Request', detail: 'This is no HTTP request with a host and a path.' },
  408: { title: 'Request Timeout', detail: 'The request did not arrive in time.' },
  431: { title: 'Request Header Fields Too Large', detail: 'The headers are longer than 16 KiB.' },
  501: { title: 'Not Implemented', detail: 'The API is no proxy: it takes no CONNECT.' },
} as const;

/** A refusal that only HTTP knows, with the headers that go with it. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}

/** An RFC 9457 problem, as it goes over the wire. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly requestId?: string;
}

/** Whether the caller caused this or could mend it; anything else is ours, and its cause is told in the log only. */
export function isExpected(error: unknown): boolean {
  return error instanceof DomainError || error instanceof HttpError || error instanceof HTTPException;
}

/** Answers with what was thrown. A failing disk is a 503, and what nobody expected a 500 that tells nothing but the request's id. */
export function problemResponse(c: Context<ApiEnv>, error: unknown): Response {
  const problem = problemOf(error, c.get('requestId'));
  const headers = error instanceof HttpError ? error.headers : {};
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  if (problem.status === 401) c.header('WWW-Authenticate', c.get('challenge') ?? 'Bearer');
  if (problem.status === 429 || problem.status === 503) c.header('Retry-After', RETRY_AFTER);
  c.header('Content-Type', PROBLEM_TYPE);
  return c.body(JSON.stringify(problem), problem.status);
}

/** The problem that tells of an error. */
export function problemOf(error: unknown, requestId: string) {
  if (error instanceof DomainError) return problem(error.code, error.message, error.fields);
  if (error instanceof HttpError) return problem(error.code, error.message);
  if (error instanceof HTTPException && error.status === 400) return problem('invalid', error.message);
  const storage = storageFailure(error);
  if (storage !== undefined) return { ...problem(storage.code, storage.message), requestId };
  const detail = `berth failed to answer this request; the fault is its own. Its log says why under request id ${requestId}.`;
  return { ...problem('internal', detail), requestId };
}

/** What to say to bytes that never became a request of ours. */
export function unreadable(status: keyof typeof UNREADABLE): { status: number; title: string; body: string } {
  const { title, detail } = UNREADABLE[status];
  return { status, title, body: JSON.stringify({ type: 'about:blank', title, status, detail }) };
}

function problem(code: ProblemCode, detail: string, fields: readonly FieldError[] = []) {
  const { status, title } = PROBLEMS[code];
  const told = { type: `urn:berth:problem:${code}`, title, status, detail };
  return fields.length === 0 ? told : { ...told, errors: fields };
}
