import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gpu, GpuHolding } from '../../src/domain/gpu.ts';
import type { Nearness } from '../../src/schedule/choose.ts';
import type { GpuRequest } from '../../src/schedule/request.ts';
import { schedule } from '../../src/schedule/schedule.ts';
import { card, cards, held, request, share, whole } from './gpus.ts';

const FAR: Nearness = () => 0;

function granted(requests: readonly GpuRequest[], holdings: readonly GpuHolding[] = [], near = FAR) {
  return schedule(requests, holdings, near).grants.map(({ containerId, gpus }) => [containerId, gpus]);
}

describe('who gets what', () => {
  const two = cards(2);

  test('the first come get free cards, the rest wait in order', () => {
    const requests = [3, 1, 2, 4].map((place) => request(two, place));
    const { grants, line } = schedule(requests, [], FAR);
    expect(grants.map((one) => one.containerId)).toEqual(['c1', 'c2']);
    expect(line.map((one) => one.containerId)).toEqual(['c3', 'c4']);
  });
  test('nobody gets a card that another holds', () => {
    expect(granted([request(two, 1, whole(2))], [held('x', ['GPU-0'])])).toEqual([]);
  });
  test('all cards of one container are of one model', () => {
    const mixed = [card(0, 'a100'), card(1, 'h100'), card(2, 'h100')];
    expect(granted([request(mixed, 1, whole(2, ['a100', 'h100']))])).toEqual([['c1', ['GPU-1', 'GPU-2']]]);
  });
  test('wishes are tried in their order', () => {
    const mixed = [card(0, 'a100'), card(1, 'h100')];
    expect(granted([request(mixed, 1, whole(1, ['h100', 'a100']))])).toEqual([['c1', ['GPU-1']]]);
    const busy = [held('x', ['GPU-1'])];
    expect(granted([request(mixed, 1, whole(1, ['h100', 'a100']))], busy)).toEqual([['c1', ['GPU-0']]]);
  });
  test('a card that is lost, or not known at present, is given to nobody', () => {
    const broken: Gpu = { ...card(0), state: { kind: 'lost', reason: 'fell off the bus' } };
    const silent: Gpu = { ...card(1), state: { kind: 'unknown', reason: 'nvidia-smi hangs' } };
    expect(granted([request([broken, silent], 1)])).toEqual([]);
  });
  test('several cards lie as near to each other as can be', () => {
    const pairs = (a: string, b: string) => (['GPU-1 GPU-3', 'GPU-3 GPU-1'].includes(`${a} ${b}`) ? 10 : 1);
    expect(granted([request(cards(4), 1, whole(2))], [], pairs)).toEqual([['c1', ['GPU-1', 'GPU-3']]]);
  });
  test('a single card leaves a near group whole', () => {
    const pair = (a: string, b: string) => ([a, b].every((uuid) => uuid !== 'GPU-2') ? 10 : 1);
    expect(granted([request(cards(3), 1)], [], pair)).toEqual([['c1', ['GPU-2']]]);
  });
});

describe('sharing by memory', () => {
  test('fills a card that is shared already before it opens another', () => {
    const gpus = cards(2);
    const there = [held('x', ['GPU-1'], { memoryBytes: share(40).memoryBytes })];
    expect(granted([request(gpus, 1, share(40)), request(gpus, 2, share(40))], there)).toEqual([
      ['c1', ['GPU-1']],
      ['c2', ['GPU-0']],
    ]);
  });
  test('never goes with whole cards', () => {
    expect(granted([request(cards(1), 1, share(8))], [held('x', ['GPU-0'])])).toEqual([]);
    const shared = [held('x', ['GPU-0'], { memoryBytes: 1 })];
    expect(granted([request(cards(1), 1)], shared)).toEqual([]);
  });
  test('needs a card that says how much memory it has', () => {
    expect(granted([request([card(0, 'gb10', null)], 1, share(8))])).toEqual([]);
  });
});

describe('fairness', () => {
  test('a user’s tenth container does not go before another’s first', () => {
    const one = cards(1);
    const requests = [1, 2, 3].map((place) => request(one, place));
    const late = request(one, 4, whole(), { owner: 'bob' });
    const { line } = schedule([...requests, late], [held('x', ['GPU-0'])], FAR);
    expect(line.map(({ containerId }) => containerId)).toEqual(['c4', 'c1', 'c2', 'c3']);
  });
  test('a small one may go before a large one that does not fit, but not for ever', () => {
    const gpus = cards(2);
    const large = request(gpus, 1, whole(2));
    const holdings = [held('x', ['GPU-0'])];
    const first = schedule([large, request(gpus, 2)], holdings, FAR);
    expect(first.grants.map(({ containerId }) => containerId)).toEqual(['c2']);
    expect(first.overtaken).toEqual(['c1']);
    const patient = { ...large, overtaken: 3 };
    expect(granted([patient, request(gpus, 5)], holdings)).toEqual([]);
    expect(granted([patient, request(gpus, 5)])).toEqual([['c1', ['GPU-0', 'GPU-1']]]);
  });
  test('one that can not fit while a card is lost keeps nothing from others', () => {
    const [well, broken] = [card(0), { ...card(1), state: { kind: 'lost', reason: 'off the bus' } as const }];
    const large = request([well, broken], 1, whole(2), { overtaken: 3 });
    expect(granted([large, request([well, broken], 5)])).toEqual([['c5', ['GPU-0']]]);
  });
  test('whoever waits for another model is not in the way', () => {
    const mixed = [card(0, 'a100'), card(1, 't4')];
    const requests = [request(mixed, 1, whole(1, ['a100'])), request(mixed, 2, whole(1, ['t4']))];
    expect(granted(requests, [held('x', ['GPU-0'])])).toEqual([['c2', ['GPU-1']]]);
  });
});

describe('an update', () => {
  const update = (gpus: readonly Gpu[], need = whole()) =>
    request(gpus, 9, need, { containerId: 'x', revision: 2, servesOn: ['GPU-0'] });

  test('gets a card beside its own where one is free', () => {
    expect(schedule([update(cards(2))], [held('x', ['GPU-0'])], FAR).grants).toMatchObject([
      { gpus: ['GPU-1'], handover: false },
    ]);
  });
  test('takes over its own where none is, before anybody who waits', () => {
    const one = cards(1);
    expect(schedule([request(one, 1), update(one)], [held('x', ['GPU-0'])], FAR).grants).toMatchObject([
      { containerId: 'x', gpus: ['GPU-0'], handover: true },
    ]);
  });
  test('that takes over overtakes nobody', () => {
    const one = cards(1);
    expect(schedule([request(one, 1), update(one)], [held('x', ['GPU-0'])], FAR).overtaken).toEqual([]);
  });
  test('takes what a revision that nobody wants holds before what serves', () => {
    const holdings = [held('x', ['GPU-0']), held('x', ['GPU-1'], { revision: 2 }), held('y', ['GPU-2'])];
    const next = request(cards(3), 9, whole(), { containerId: 'x', revision: 3, servesOn: ['GPU-0'] });
    expect(schedule([next], holdings, FAR).grants).toMatchObject([{ gpus: ['GPU-1'], handover: true }]);
  });
  test('of a share takes over only where there is no room beside it', () => {
    const one = cards(1);
    const own = held('x', ['GPU-0'], { memoryBytes: share(60).memoryBytes });
    expect(schedule([update(one, share(20))], [own], FAR).grants).toMatchObject([{ handover: false }]);
    expect(schedule([update(one, share(60))], [own], FAR).grants).toMatchObject([{ handover: true }]);
  });
});

test('an instance that runs on cards of which the books know nothing keeps them', () => {
  const gpus = cards(2);
  const seated = request(gpus, 2, whole(), { sitsOn: ['GPU-0'] });
  const stray = held('c2', ['GPU-0']);
  expect(granted([request(gpus, 1), seated], [stray])).toEqual([
    ['c1', ['GPU-1']],
    ['c2', ['GPU-0']],
  ]);
});

const need = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  memoryBytes: fc.option(fc.integer({ min: 1, max: 80 }).map((gib) => gib * 1024 ** 3)),
  wishes: fc.option(fc.subarray(['a100', 't4'], { minLength: 1 })),
});
const machine = fc
  .array(fc.constantFrom('a100', 't4'), { minLength: 1, maxLength: 6 })
  .map((codes) => codes.map((code, index) => card(index, code)));

test('whoever asks, and whatever ends: no card is ever held twice, and nobody waits for ever', () => {
  const asks = fc.array(fc.tuple(need, fc.constantFrom('ada', 'bob', 'eve'), fc.nat(1000)), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(machine, asks, (gpus, list) => {
      let waiting = list
        .map(([wish, owner], place) => request(gpus, place, wish, { owner }))
        .filter(({ suitable, need: { count } }) => suitable.some((group) => group.length >= count));
      let holdings: readonly GpuHolding[] = [];
      // One holder ends a round: enough rounds for everybody, were they served one by one.
      for (let round = 0; waiting.length > 0; round++) {
        expect(round).toBeLessThan(list.length + 2);
        const { grants, overtaken, line } = schedule(waiting, holdings, FAR);
        holdings = [...holdings, ...grants];
        expectDisjoint(gpus, holdings);
        waiting = line.map((one) => ({
          ...one,
          overtaken: one.overtaken + overtaken.filter((id) => id === one.containerId).length,
        }));
        const leaves = (list[round]?.[2] ?? 0) % Math.max(1, holdings.length);
        holdings = holdings.filter((_, index) => index !== leaves);
      }
    }),
  );
});

function expectDisjoint(gpus: readonly Gpu[], holdings: readonly GpuHolding[]): void {
  for (const { uuid, memoryBytes } of gpus) {
    const on = holdings.filter((one) => one.gpus.includes(uuid));
    const isWhole = on.some((one) => one.memoryBytes === null);
    if (isWhole) expect(on).toHaveLength(1);
    const reserved = on.reduce((sum, one) => sum + (one.memoryBytes ?? 0), 0);
    expect(reserved).toBeLessThanOrEqual(memoryBytes ?? 0);
  }
}
