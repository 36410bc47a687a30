/** One field that the API found fault with. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** A refusal of the API: an RFC 9457 problem, or whatever else came with a status of 400 and up. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly title: string;
  readonly detail: string | null;
  readonly errors: readonly FieldProblem[];

  constructor(status: number, title: string, detail: string | null, errors: readonly FieldProblem[]) {
    super(detail ?? title);
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
  }
}

/** The API gave no whole answer: it can't be reached, broke off, or took longer than the deadline. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  /** The system's word for it, such as ECONNREFUSED, ENOENT, EACCES, ENOTFOUND; ETIMEDOUT past the deadline. */
  readonly code: string | null;

  constructor(code: string | null, message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** Reads a refusal from its status and body. A body that is no problem (another server's page) is left out. */
export function readProblem(
  status: number,
  statusText: string,
  contentType: string,
  body: string,
): ApiProblem {
  const fields = contentType.includes('json') ? parseObject(body) : {};
  const title = text(fields.title) ?? (statusText === '' ? `HTTP status ${status}` : statusText);
  const errors = Array.isArray(fields.errors) ? fields.errors.flatMap(fieldProblem) : [];
  return new ApiProblem(status, title, text(fields.detail), errors);
}

/** What stood in the way of a request, from the error that fetch threw. */
export function unreachable(error: unknown): Unreachable {
  for (const cause of causes(error)) {
    if ('code' in cause && typeof cause.code === 'string') {
      return new Unreachable(cause.code, cause.message || cause.code, error);
    }
  }
  // Of fetch's errors the outermost says no more than "fetch failed".
  const innermost = causes(error).findLast(({ message }) => message !== '');
  return new Unreachable(null, innermost?.message ?? String(error), error);
}

/** The error, what caused it, and so on; of several tries at once (an AggregateError), the first. */
function causes(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause;
  return [error, ...causes(inner)];
}

function fieldProblem(value: unknown): FieldProblem[] {
  if (typeof value !== 'object' || value === null) return [];
  const path = 'path' in value ? text(value.path) : null;
  const message = 'message' in value ? text(value.message) : null;
  return path === null || message === null ? [] : [{ path, message }];
}

function parseObject(body: string): Partial<Record<'title' | 'detail' | 'errors', unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // Said to be JSON and isn't: the status alone has to tell.
    return {};
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
