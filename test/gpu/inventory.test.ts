import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GpuState } from '../../src/domain/gpu.ts';
import type { CardRow } from '../../src/gpu/card-rows.ts';
import {
  afterLook,
  afterReport,
  inventoryOf,
  type Knowledge,
  NOTHING_KNOWN,
} from '../../src/gpu/inventory.ts';
import { NO_READING } from '../../src/gpu/known.ts';
import type { Look } from '../../src/gpu/look.ts';
import type { Surroundings } from '../../src/gpu/surroundings.ts';

const CARDS = [0, 1, 2, 3];
const uuidOf = (card: number) => `GPU-${card}`;
const addressOf = (card: number) => `0000:0${card}:00`;
const surroundings: Surroundings = {
  addresses: new Map(CARDS.map((card) => [addressOf(card), uuidOf(card)])),
  near: () => 0,
};

function row(card: number, state: GpuState, mig: boolean | null): CardRow {
  return {
    index: card,
    uuid: uuidOf(card),
    name: 'NVIDIA A100',
    memoryBytes: 1,
    reading: { ...NO_READING, temperature: 40 },
    mig,
    state,
  };
}

const state = fc.constantFrom<GpuState>({ kind: 'usable' }, { kind: 'lost', reason: 'needs a reset' });
const card = fc.record({ state, mig: fc.constantFrom(true, false, false, false, null) });
const instances = fc.subarray(['a', 'b']);

const seen: fc.Arbitrary<Look> = fc
  .record({
    cards: fc
      .subarray(CARDS)
      .chain((present) =>
        fc.tuple(...present.map((index) => card.map((one) => row(index, one.state, one.mig)))),
      ),
    nameless: fc.subarray(CARDS).map((all) => all.slice(0, 1).map((index) => ({ index, reason: 'gone' }))),
    offBus: fc.subarray(CARDS).map((all) => all.slice(0, 1).map(addressOf)),
    mig: fc.option(
      fc
        .tuple(...CARDS.map(() => instances))
        .map(
          (lists) =>
            new Map(
              lists.map((names, at) => [
                uuidOf(at),
                names.map((name) => ({ uuid: `MIG-${at}-${name}`, profile: '1g.5gb', memoryBytes: 5 })),
              ]),
            ),
        ),
    ),
  })
  .map((parts) => ({ kind: 'seen', reason: parts.cards.length === 0 ? 'no GPU' : null, ...parts }));

const anyLook: fc.Arbitrary<Look> = fc.oneof(
  { arbitrary: seen, weight: 5 },
  fc.constant<Look>({ kind: 'absent' }),
  fc.constant<Look>({ kind: 'failed', reason: 'it hangs' }),
  fc.subarray([...CARDS, 9], { minLength: 1 }).map<Look>((gone) => ({
    kind: 'off-bus',
    addresses: gone.map(addressOf),
    reason: 'a GPU has fallen off the bus',
  })),
);

const broken = fc.subarray(CARDS).map((all) => new Map(all.slice(0, 1).map((at) => [uuidOf(at), 'XID 79'])));

function lookedAt(
  before: Knowledge,
  look: Look,
  reports: ReadonlyMap<string, string> = new Map(),
): Knowledge {
  return afterLook(before, look, { modelOf: () => null, surroundings, broken: reports });
}

function run(looks: readonly Look[]): Knowledge {
  return looks.reduce((known, look) => lookedAt(known, look), NOTHING_KNOWN);
}

function states(known: Knowledge): Map<string, string> {
  return new Map(inventoryOf(known).gpus.map((gpu) => [gpu.uuid, gpu.state.kind]));
}

test('cards whose MIG instances are not listed now are told of once, whether or not they were known', () => {
  const cards = [0, 1].map((at) => row(at, { kind: 'usable' }, true));
  const parts = { kind: 'seen', reason: null, nameless: [], offBus: [], mig: null } as const;
  const why = 'nvidia-smi -L does not list the MIG instances now';
  expect(run([{ ...parts, cards }]).reason).toBe(`GPUs 0 and 1 (NVIDIA A100): ${why}`);
  const mig = new Map([[uuidOf(0), [{ uuid: 'MIG-0-a', profile: '1g.5gb', memoryBytes: 5 }]]]);
  const known = run([
    { ...parts, cards, mig },
    { ...parts, cards },
  ]);
  expect(known.reason).toBe(`GPUs 0 and 1: ${why}`);
});

test('what the kernel reports is told behind what was amiss before, in sentences', () => {
  const cards = [0, 1].map((at) => row(at, { kind: 'usable' }, false));
  const seen: Look = { kind: 'seen', reason: null, cards, nameless: [], offBus: [], mig: null };
  const known = run([seen, { kind: 'failed', reason: 'it hangs. Reboot.' }]);
  expect(afterReport(known, uuidOf(1), 'XID 79').reason).toBe(
    'it hangs. Reboot. GPU 1 (NVIDIA A100): XID 79',
  );
});

describe('after any looks', () => {
  const looks = fc.array(anyLook, { minLength: 1, maxLength: 8 });

  test('each device is there once, in the order of numbers', () => {
    fc.assert(
      fc.property(looks, (all) => {
        const { gpus } = inventoryOf(run(all));
        expect(new Set(gpus.map((gpu) => gpu.uuid)).size).toBe(gpus.length);
        expect(gpus.map((gpu) => gpu.index)).toEqual(gpus.map((gpu) => gpu.index).toSorted((a, b) => a - b));
      }),
    );
  });

  test('a device is usable only if the last look that could tell said so of it', () => {
    fc.assert(
      fc.property(looks, anyLook, (all, last) => {
        const before = states(run(all));
        for (const [uuid, kind] of states(lookedAt(run(all), last))) {
          if (kind !== 'usable') continue;
          if (last.kind === 'off-bus') expect(before.get(uuid)).toBe('usable');
          else {
            expect(last.kind).toBe('seen');
            const shown = last.kind === 'seen' ? last.cards.filter((one) => one.state.kind === 'usable') : [];
            expect(shown.some((one) => uuid === one.uuid || uuid.startsWith(`MIG-${one.index}-`))).toBe(true);
          }
        }
      }),
    );
  });

  test('no card that was seen is forgotten, unless MIG took it apart', () => {
    fc.assert(
      fc.property(looks, anyLook, (all, last) => {
        const now = states(lookedAt(run(all), last));
        const split =
          last.kind === 'seen' ? last.cards.filter((one) => one.mig !== false).map((one) => one.uuid) : [];
        for (const { gpu, dissolved } of run(all).devices) {
          if (gpu.kind === 'card' && !dissolved && !split.includes(gpu.uuid))
            expect([...now.keys()]).toContain(gpu.uuid);
        }
      }),
    );
  });

  test('a look that fails as a whole takes nothing from anybody', () => {
    const failure = fc.constantFrom<Look>({ kind: 'absent' }, { kind: 'failed', reason: 'it hangs' });
    fc.assert(
      fc.property(looks, failure, (all, look) => {
        const before = states(run(all));
        const now = states(lookedAt(run(all), look));
        expect([...now.keys()].toSorted()).toEqual([...before.keys()].toSorted());
        for (const [uuid, kind] of now) expect(kind).toBe(before.get(uuid) === 'lost' ? 'lost' : 'unknown');
      }),
    );
  });

  test('something is said wherever something is amiss, and nothing where all is well', () => {
    fc.assert(
      fc.property(looks, (all) => {
        const { gpus, reason } = inventoryOf(run(all));
        if (gpus.some((gpu) => gpu.state.kind !== 'usable') || gpus.length === 0)
          expect(reason).not.toBeNull();
        expect(reason).not.toBe('');
      }),
    );
  });

  test('whatever came before, two looks at a well machine make all its cards usable', () => {
    const well: Look = {
      kind: 'seen',
      cards: CARDS.map((at) => row(at, { kind: 'usable' }, false)),
      nameless: [],
      offBus: [],
      mig: null,
      reason: null,
    };
    fc.assert(
      fc.property(looks, (all) => {
        const now = lookedAt(lookedAt(lookedAt(run(all), well), well), well);
        expect([...states(now)]).toEqual(CARDS.map((at) => [uuidOf(at), 'usable']));
        expect(now.reason).toBeNull();
      }),
    );
  });

  test('what the kernel reports broken is lost, before a look and with it', () => {
    fc.assert(
      fc.property(looks, anyLook, broken, (all, look, reports) => {
        const told = [...reports].reduce((known, [uuid, why]) => afterReport(known, uuid, why), run(all));
        for (const known of [told, lookedAt(run(all), look, reports)]) {
          for (const { card, gpu } of known.devices)
            if (reports.has(card)) expect(gpu.state.kind).toBe('lost');
        }
      }),
    );
  });
});
