import { DomainError, type FieldError } from '../domain/errors.ts';
import { pathOf } from './field-errors.ts';

/** No request nests deeper than this; `volumes.0.path` is three. */
const MAX_DEPTH = 16;

/** Names that reach an object's prototype in careless code. No field of ours has them. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

interface Node {
  readonly value: unknown;
  readonly path: readonly string[];
}

/** The fields whose names reach prototypes. Throws `invalid` where the body nests without end. */
export function reservedNames(root: unknown): readonly FieldError[] {
  const faults: FieldError[] = [];
  // A stack of our own: recursion would end at the caller's depth, not ours.
  const open: Node[] = [{ value: root, path: [] }];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { value, path } = node;
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= MAX_DEPTH) {
      throw new DomainError(
        'invalid',
        `The body nests deeper than ${MAX_DEPTH} levels, which no request needs.`,
      );
    }
    for (const [key, child] of Object.entries(value)) {
      const childPath = [...path, key];
      if (RESERVED.has(key)) faults.push({ path: pathOf(childPath), message: 'is not allowed as a name' });
      else if (typeof child === 'object') open.push({ value: child, path: childPath });
    }
  }
  return faults;
}
