import { expect, test } from 'vitest';
import { probeFrom } from '../../src/reconcile/waits.ts';
import { NOW, revision } from './situations.ts';

const AN_HOUR_AGO = new Date(NOW - 3_600_000);

test('a new revision’s time to answer counts from its start, over a restart of berthd', () => {
  expect(probeFrom(revision(1), AN_HOUR_AGO, NOW)).toBe(AN_HOUR_AGO.getTime());
});

test('one that served for an hour has its whole time again when a new berthd asks', () => {
  expect(probeFrom(revision(1, { kind: 'ready' }), AN_HOUR_AGO, NOW)).toBe(NOW);
});
