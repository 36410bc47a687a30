import type { core, ZodError } from 'zod';
import { DomainError, type FieldError } from '../domain/errors.ts';

/** Fields that berth sets itself and shows in its answers. */
const READ_ONLY: ReadonlySet<string> = new Set([
  'id',
  'createdBy',
  'status',
  'urls',
  'dateCreated',
  'dateUpdated',
  'revision',
  'servingRevision',
  'statusReason',
]);
const MAX_ERRORS = 50;
const MAX_PATH = 200;

/** A refusal that lists every field at fault, once, in its detail too, for whoever shows only that. */
export function invalid(fields: readonly FieldError[]): DomainError {
  const byPath = new Map(fields.toReversed().map((field) => [field.path, field]));
  const listed = [...byPath.values()].reverse().slice(0, MAX_ERRORS);
  return new DomainError('invalid', listed.map(sentence).join('; '), { fields: listed });
}

/** What a schema found wrong, field by field. Values are never repeated: they may be secrets. */
export function fieldErrors(error: ZodError): readonly FieldError[] {
  return error.issues.flatMap(ofIssue);
}

function ofIssue(issue: core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: pathOf([...issue.path, key]),
      message: issue.path.length === 0 && READ_ONLY.has(key) ? "can't be set: berth sets it" : 'is unknown',
    }));
  }
  const inner =
    issue.code === 'invalid_key' || issue.code === 'invalid_element' ? issue.issues[0] : undefined;
  return [{ path: pathOf(issue.path), message: inner?.message ?? issue.message }];
}

/** A path as the client would write it: `volumes.0.path`. */
export function pathOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, MAX_PATH);
}

function sentence({ path, message }: FieldError): string {
  return path === '' ? message : `${path} ${message}`;
}
