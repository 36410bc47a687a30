import { expect, test } from 'vitest';
import { sinceParameter } from '../../src/engine/log-timestamp.ts';

test.for([
  ['2026-01-02T03:04:05Z', '1767323045.000000000'],
  ['2026-01-02T03:04:05.000000001Z', '1767323045.000000001'],
  ['2026-01-02T03:04:05.999999999Z', '1767323045.999999999'],
  ['2026-01-02T03:04:05.5+01:00', '1767319445.500000000'],
  ['1960-01-01T00:00:00.5Z', '0.000000000'],
] as const)('a log from %s on is asked for with every digit', ([timestamp, parameter]) => {
  expect(sinceParameter(timestamp)).toBe(parameter);
});

test.for(['', 'yesterday', '2026-13-01T00:00:00Z', '2026-01-02 03:04:05Z'])('%j is no timestamp', (text) => {
  expect(() => sinceParameter(text)).toThrow(/timestamp/);
});
