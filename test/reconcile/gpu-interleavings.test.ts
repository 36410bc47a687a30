import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Gpu, GpuNeed } from '../../src/domain/gpu.ts';
import type { Instance } from '../../src/domain/instance.ts';
import { cards, share, whole } from '../schedule/gpus.ts';
import { GpuWorld } from './gpu-world.ts';

const OWNERS = ['ada', 'bob'];
const MOST = 5;

type Step = (world: GpuWorld) => Promise<void> | void;

const need: fc.Arbitrary<GpuNeed> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(whole(1)) },
  { weight: 1, arbitrary: fc.constant(whole(2)) },
  { weight: 2, arbitrary: fc.constantFrom(share(30), share(60)) },
);

/** One of the containers made so far, deleted ones too. */
function one(world: GpuWorld, which: number): string | undefined {
  return world.ids[which % Math.max(1, world.ids.length)];
}

function on(which: number, act: (world: GpuWorld, id: string) => Promise<unknown>): Step {
  return async (world) => {
    const id = one(world, which);
    if (id !== undefined) await act(world, id);
  };
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom(...OWNERS), need).map(
      ([owner, wish]): Step =>
        async (world) => {
          // Few enough that updates, deletes and crashes meet each other.
          if (world.ids.length < MOST) await world.create(owner, wish);
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(), need)
      .map(([which, wish]) => on(which, (world, id) => world.update(id, wish))),
  },
  { weight: 1, arbitrary: fc.nat().map((which) => on(which, (world, id) => world.delete(id))) },
  { weight: 12, arbitrary: fc.nat().map((which) => on(which, (world, id) => world.pass(id))) },
  {
    weight: 6,
    // One round of everything, as when nothing comes between.
    arbitrary: fc.boolean().map(
      (answers): Step =>
        async (world) => {
          await world.settle();
          for (const id of world.ids) await world.pass(id);
          world.probesEnd(answers);
        },
    ),
  },
  { weight: 6, arbitrary: fc.constant<Step>((world) => world.settle()) },
  {
    weight: 4,
    arbitrary: fc.nat().map(
      (which): Step =>
        (world) =>
          world.engineWorks(which),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.boolean().map(
      (answers): Step =>
        (world) =>
          world.probesEnd(answers),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (which): Step =>
        (world) =>
          world.exits(which),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), fc.boolean()).map(
      ([which, lost]): Step =>
        (world) =>
          world.card(which, lost),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(), fc.nat(3)).map(
      ([which, most]): Step =>
        async (world) => {
          await on(which, (here, id) => here.pass(id, most))(world);
          world.crash();
        },
    ),
  },
);

/** The scheduler looks around, and something happens before it writes. */
const stale: fc.Arbitrary<Step> = step.map(
  (between): Step =>
    async (world) => {
      const use = world.use();
      await between(world);
      await world.settle(use);
    },
);

function running(instances: readonly Instance[], uuid: string): readonly Instance[] {
  return instances.filter(({ state, gpus }) => state.kind === 'running' && gpus.includes(uuid));
}

async function expectDisjoint(world: GpuWorld): Promise<void> {
  const memory = new Map<string, number | null>();
  for (const { containerId, revision, memoryBytes } of await world.books.holdings())
    memory.set(`${containerId} ${revision}`, memoryBytes);
  for (const { uuid, memoryBytes: total } of world.inventory.gpus) {
    const on = running(world.instances, uuid);
    const reserved = on.map((each) => memory.get(`${each.containerId} ${each.revision}`));
    // Whatever runs on a device is in the books.
    expect(reserved).not.toContain(undefined);
    if (reserved.includes(null)) expect(on).toHaveLength(1);
    const sum = reserved.reduce<number>((bytes, each) => bytes + (each ?? 0), 0);
    expect(sum).toBeLessThanOrEqual(total ?? 0);
  }
}

/** Nothing more happens from outside: the daemon comes to rest, and whoever doesn't wait is deployed or has failed. */
async function comeToRest(world: GpuWorld): Promise<void> {
  for (let round = 0; round < 60; round++) {
    await world.settle();
    let open = 0;
    for (const id of world.ids) open += await world.pass(id);
    world.probesEnd(true);
    for (let n = 0; n < 50; n++) world.engineWorks(0);
    if (open === 0) return await expectSettled(world);
  }
  throw new Error('it does not come to rest');
}

async function expectSettled(world: GpuWorld): Promise<void> {
  const waiting = await world.everybodyWaiting();
  for (const id of world.ids.filter((each) => !waiting.includes(each))) {
    const container = await world.containers.get(id);
    expect(container?.latest.outcome.kind).not.toBe('pending');
  }
}

test('under any interleaving of calls, crashes and losses no two containers run on one card, and everybody gets a turn', async () => {
  const gpus: readonly Gpu[] = cards(2);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 6, arbitrary: step }, { weight: 1, arbitrary: stale }), {
        minLength: 20,
        maxLength: 120,
      }),
      async (steps) => {
        await using world = new GpuWorld(gpus);
        for (const act of steps) {
          await act(world);
          await expectDisjoint(world);
        }
        world.crash();
        world.allCardsBack();
        await world.books.enlistAll();
        await comeToRest(world);
        await expectDisjoint(world);
        // Whoever has a card gives it up, one after the other: everybody who waits gets one.
        for (let left = world.ids.length; (await world.everybodyWaiting()).length > 0; left--) {
          expect(left).toBeGreaterThan(0);
          const [holder] = await world.books.holdings();
          if (holder !== undefined) await world.delete(holder.containerId);
          await comeToRest(world);
          await expectDisjoint(world);
        }
        for (const id of world.ids) await world.delete(id);
        await comeToRest(world);
        expect(world.instances).toEqual([]);
        expect(await world.books.holdings()).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
}, 120_000);
