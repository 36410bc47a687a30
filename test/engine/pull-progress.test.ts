import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PullMeter } from '../../src/engine/pull-progress.ts';

const line = fc.record(
  {
    id: fc.constantFrom('a', 'b', 'c', 'tag'),
    status: fc.constantFrom(
      'Pulling fs layer',
      'Waiting',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
      'Already exists',
      'Status: Downloaded newer image',
    ),
    progressDetail: fc.record({ current: fc.nat(1000), total: fc.nat(1000) }, { requiredKeys: [] }),
  },
  { requiredKeys: ['status'] },
);

describe("a pull's progress", () => {
  test('lies between 0 and 100 and never falls, whatever the engine says', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 100 }), (lines) => {
        const meter = new PullMeter();
        let last: number | null = null;
        for (const next of lines) {
          const percent = meter.take(next);
          if (last !== null) expect(percent).toBeGreaterThanOrEqual(last);
          if (percent !== null) expect(percent).toBeLessThanOrEqual(100);
          last = percent;
        }
      }),
    );
  });

  test('is unknown until a size is', () => {
    expect(new PullMeter().take({ id: 'a', status: 'Pulling fs layer', progressDetail: {} })).toBeNull();
  });

  test('counts fetching and unpacking of all layers', () => {
    const meter = new PullMeter();
    for (const id of ['a', 'b']) meter.take({ id, status: 'Pulling fs layer' });
    // One of two layers, and half of it: an eighth of the work.
    expect(meter.take({ id: 'a', status: 'Downloading', progressDetail: { current: 50, total: 100 } })).toBe(
      12,
    );
    expect(meter.take({ id: 'b', status: 'Downloading', progressDetail: { current: 300, total: 300 } })).toBe(
      43,
    );
    expect(meter.take({ id: 'a', status: 'Download complete' })).toBe(50);
    expect(meter.take({ id: 'a', status: 'Pull complete' })).toBe(62);
    expect(meter.take({ id: 'b', status: 'Extracting', progressDetail: { current: 300, total: 300 } })).toBe(
      100,
    );
  });

  test('leaves out layers that are here already', () => {
    const meter = new PullMeter();
    meter.take({ id: 'a', status: 'Already exists' });
    meter.take({ id: 'b', status: 'Downloading', progressDetail: { current: 100, total: 100 } });
    expect(meter.take({ id: 'b', status: 'Pull complete' })).toBe(100);
  });
});
