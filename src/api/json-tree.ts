import { DomainError, type FieldError } from '../domain/errors.ts';
import { invalid, pathOf } from './field-errors.ts';

/** No request nests deeper than this; `volumes.0.path` is three. */
const MAX_DEPTH = 16;

/** Names that reach an object's prototype in careless code. No field of ours has them. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

interface Node {
  readonly value: unknown;
  readonly path: readonly string[];
}

/** Refuses what JSON allows and no request of ours holds: nesting without end, and names that reach prototypes. */
export function checkTree(root: unknown): void {
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
  if (faults.length > 0) throw invalid(faults);
}
