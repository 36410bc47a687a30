/** What kind of refusal this is. The API maps each code to one HTTP status (api/problem.ts), nobody else does. */
export type ErrorCode =
  | 'invalid' // the request alone tells that it is wrong
  | 'unauthenticated' // no token, or one that does not hold
  | 'forbidden' // known caller, not theirs
  | 'not-found'
  | 'conflict' // at odds with what exists now
  | 'unsatisfiable' // this machine can never do it
  | 'too-many' // over a limit; later it may pass
  | 'unavailable'; // something berth depends on does not answer now

/** One field at fault: `path` as the client wrote it (`env.FOO`, `volumes.0.path`), `message` what to do about it. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** An error that a person caused or can mend. Its message says what, why and what to do, and holds no secret. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { fields?: readonly FieldError[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? [];
  }
}

/** A request refused for its fields, each told with its path. */
export function fieldsRefused(code: ErrorCode, fields: readonly FieldError[]): DomainError {
  const detail = fields.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new DomainError(code, detail, { fields });
}

/** A request refused because one field of it is wrong. */
export function invalidField(path: string, message: string): DomainError {
  return fieldsRefused('invalid', [{ path, message }]);
}

/** Nobody knows this container: it never was, or it was deleted. */
export function noSuchContainer(id: string): DomainError {
  return new DomainError('not-found', `There is no container ${id}.`);
}

/** The text of whatever was thrown, for a log line or a reason. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
