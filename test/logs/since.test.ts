import fc from 'fast-check';
import { expect, test } from 'vitest';
import { earlier, parseSince } from '../../src/logs/timestamp.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');

test.each([
  ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000000000Z'],
  ['2026-01-02t03:04:05.25z', '2026-01-02T03:04:05.250000000Z'],
  ['2026-01-02T03:04:05.123456789+01:30', '2026-01-02T01:34:05.123456789Z'],
  ['2024-02-29T00:00:00-23:59', '2024-02-29T23:59:00.000000000Z'],
  ['0', '1970-01-01T00:00:00.000000000Z'],
  ['1767323045', '2026-01-02T03:04:05.000000000Z'],
  ['1767323045.000000001', '2026-01-02T03:04:05.000000001Z'],
  ['10m', '2026-01-02T02:54:05.678000000Z'],
  ['1h30m', '2026-01-02T01:34:05.678000000Z'],
  ['999999999h', '1970-01-01T00:00:00.000000000Z'],
  ['1066-10-14T09:00:00Z', '1970-01-01T00:00:00.000000000Z'],
])('since %s is %s', (text, expected) => {
  expect(parseSince(text, NOW)).toBe(expected);
});

test.each([
  '',
  'yesterday',
  '-1',
  '1e9',
  '1.',
  '0x10',
  '253402300800',
  '10 m',
  '-10m',
  '2026-01-02',
  '2026-01-02T03:04:05',
  '2026-02-30T00:00:00Z',
  '2026-01-02T24:00:00Z',
  '2026-01-02T03:04:60Z',
  '2026-01-02T03:04:05.1234567890Z',
  '2026-01-02T03:04:05+24:00',
  ' 2026-01-02T03:04:05Z',
  'NaN',
])('since %j is no time', (text) => {
  expect(parseSince(text, NOW)).toBeUndefined();
});

test('an earlier time keeps the nanoseconds', () => {
  expect(earlier('2026-01-02T03:04:05.123456789Z', 10_000)).toBe('2026-01-02T03:03:55.123456789Z');
  expect(earlier('1970-01-01T00:00:05.123456789Z', 10_000)).toBe('1970-01-01T00:00:00.000000000Z');
});

test('every instant is understood, however it is written', () => {
  const instant = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
  fc.assert(
    fc.property(instant, fc.nat(999_999_999), (date, nanoseconds) => {
      const seconds = Math.floor(date.getTime() / 1000);
      const fraction = String(nanoseconds).padStart(9, '0');
      const expected = `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
      expect(parseSince(expected, NOW)).toBe(expected);
      expect(parseSince(`${seconds}.${fraction}`, NOW)).toBe(expected);
    }),
  );
});
