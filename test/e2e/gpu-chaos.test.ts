import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeAll, expect, onTestFailed, test } from 'vitest';
import { CardRecord, RESERVES_MIB } from '../support/card-record.ts';
import { type ContainerJson, eventually } from '../support/daemon.ts';
import { GpuMachine, isInLine } from '../support/gpu-machine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';

/** A longer run: BERTH_TEST_STEPS=200. The same run again: BERTH_TEST_SEED as it was printed. */
const STEPS = Number(process.env.BERTH_TEST_STEPS ?? 40);
const SEED = Number(process.env.BERTH_TEST_SEED ?? Date.now() % 2 ** 31);
const USERS = ['ada', 'bob', 'eve'];
/** Of one of the cards of 'four-a40'. */
const CARD_MIB = 46_068;
/** Enough for a line, and few enough that updates, deletes and crashes meet each other. */
const MOST = 12;
const STEP_MS = 4_000;

/** What a container asks for: cards, and so much of the memory of each, or all. */
interface Wish {
  readonly gpu: number;
  readonly sharedGib: number | null;
}

type Act =
  | { readonly kind: 'create'; readonly user: string; readonly wish: Wish }
  | {
      readonly kind: 'update';
      readonly which: number;
      readonly image: 'next' | 'never listens' | 'ends';
      /** Null: the same as before. */
      readonly wish: Wish | null;
    }
  | { readonly kind: 'delete'; readonly which: number };

interface Step {
  /** At the same time. */
  readonly acts: readonly Act[];
  /** How long after the acts begin berthd is killed, in milliseconds; null where it isn't. */
  readonly killAfterMs: number | null;
  /** What comes before the next step: nothing, some milliseconds, or that all have come to rest. */
  readonly next: number | 'rest';
}

const wish: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ gpu: 1, sharedGib: null }) },
  { weight: 2, arbitrary: fc.constant({ gpu: 2, sharedGib: null }) },
  {
    weight: 3,
    arbitrary: fc.record({ gpu: fc.constant(1), sharedGib: fc.constantFrom(10, 20, 30) }),
  },
  { weight: 1, arbitrary: fc.constant({ gpu: 2, sharedGib: 20 }) },
);

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('create'), user: fc.constantFrom(...USERS), wish }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('update'),
      which: fc.nat(),
      image: fc.constantFrom('next', 'next', 'never listens', 'ends'),
      wish: fc.oneof(fc.constant(null), wish, fc.constant({ gpu: 0, sharedGib: null })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete'), which: fc.nat() }) },
);

const anyStep: fc.Arbitrary<Step> = fc.record({
  acts: fc.array(act, { minLength: 1, maxLength: 3 }),
  killAfterMs: fc.oneof(
    { weight: 5, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.integer({ min: 10, max: 1_500 }) },
  ),
  next: fc.constantFrom<Step['next'][]>(0, 0, 100, 400, 800, 'rest'),
});

describeWithEngine('a machine with four cards and no rest', (ground) => {
  const images = new Images(ground);
  let machine: GpuMachine;
  let image: { readonly [name in 'first' | 'next' | 'never listens' | 'ends']: string };

  beforeAll(async () => {
    const env = { BERTH_START_TIMEOUT: '5s' };
    machine = await GpuMachine.start('four-a40', { asProcess: true, env });
    image = {
      first: await images.web('1', 'first'),
      next: await images.web('2', 'next'),
      'never listens': await images.silent(),
      ends: await images.exits(1, 'no more'),
    };
    return () => machine[Symbol.asyncDispose]();
  });

  async function call(user: string, method: string, path: string, body: object | null): Promise<void> {
    const answer = await machine.berth.api(`/v1/containers${path}`, {
      as: user,
      method,
      headers: { 'content-type': 'application/json' },
      body: body === null ? null : JSON.stringify(body),
    });
    // Another act of the same step may have deleted it.
    const expected = method === 'POST' ? [201] : [200, 204, 404];
    if (!expected.includes(answer.status))
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }

  async function remove({ id, createdBy }: ContainerJson): Promise<void> {
    await call(String(createdBy), 'DELETE', `/${id}`, null);
  }

  async function carryOut(act: Act, live: readonly ContainerJson[]): Promise<void> {
    if (act.kind === 'create' && live.length < MOST) {
      const body = { name: 'web', ram: '32Mi', image: image.first, ...wished(act.wish) };
      return await call(act.user, 'POST', '', body);
    }
    const which = act.kind === 'create' ? 0 : act.which;
    const one = live[which % Math.max(1, live.length)];
    if (one === undefined) return;
    if (act.kind !== 'update') return await remove(one);
    const body = { image: image[act.image], ...(act.wish === null ? {} : wished(act.wish)) };
    await call(String(one.createdBy), 'PUT', `/${one.id}`, body);
  }

  async function take({ acts, killAfterMs }: Step): Promise<void> {
    const live = await everybody();
    const calls = acts.map((act) => carryOut(act, live));
    if (killAfterMs === null) return void (await Promise.all(calls));
    const ends = Promise.allSettled(calls);
    await sleep(killAfterMs);
    await machine.berth.stop('SIGKILL');
    for (const end of await ends) if (end.status === 'rejected' && !wasCutOff(end.reason)) throw end.reason;
    await machine.berth.start();
  }

  /** Everybody's containers, oldest first. */
  async function everybody(): Promise<readonly ContainerJson[]> {
    const pages = USERS.map(async (user) => {
      const answer = await machine.berth.api('/v1/containers?rows=1000', { as: user });
      const { items }: { items: ContainerJson[] } = JSON.parse(await answer.text());
      return items;
    });
    return (await Promise.all(pages)).flat().toSorted((a, b) => (ageOf(a) < ageOf(b) ? -1 : 1));
  }

  /** What is still going on, in words; null once nothing is. */
  async function unrest(): Promise<string | null> {
    const all = await everybody();
    const [cards, running] = [await machine.gpus(), await machine.runningOn()];
    const busy = all.find((one) => one.status === 'deploying' && !isInLine(one));
    if (busy !== undefined) return `${busy.id} is deploying: ${busy.statusReason}`;
    const known = new Set(all.map(({ id }) => id));
    for (const { uuid, holders } of cards) {
      const gone = holders.find((id) => !known.has(id));
      if (gone !== undefined) return `${uuid} is held by ${gone}, which was deleted`;
      const on = running.get(uuid) ?? [];
      if (holders.toSorted().join() !== on.toSorted().join())
        return `${uuid} is held by ${holders.join() || 'nobody'}, and ${on.join() || 'nobody'} runs on it`;
    }
    for (const { id, status, gpu } of all) {
      const on = [...running.values()].flat().filter((one) => one === id).length;
      if (status === 'deployed' && on !== gpu) return `${id} is deployed and runs on ${on} cards, not ${gpu}`;
    }
    return null;
  }

  async function comeToRest(): Promise<void> {
    let last: string | null = null;
    await eventually(
      async () => {
        last = await unrest();
        return last === null;
      },
      () => `no rest: ${last}`,
    );
  }

  /** Whoever has a card gives it up, one after the other: everybody who waits gets a turn. */
  async function everybodyGetsATurn(): Promise<number> {
    for (let deleted = 0; ; deleted++) {
      await comeToRest();
      const all = await everybody();
      const waiting = all.filter(isInLine);
      if (waiting.length === 0) return deleted;
      const held = new Set((await machine.gpus()).flatMap(({ holders }) => holders));
      const holders = all.filter(({ id }) => held.has(id));
      // One that waits for more than it has is asked last.
      const next = holders.find((one) => !waiting.includes(one)) ?? holders[0];
      if (next === undefined) throw new Error(`nobody holds a card, and ${waiting[0]?.statusReason}`);
      await remove(next);
    }
  }

  test(
    'through creates, updates, deletes and kills of berthd no card is ever given twice, and everybody gets a turn',
    async () => {
      console.log(`BERTH_TEST_SEED=${SEED} BERTH_TEST_STEPS=${STEPS}`);
      await using record = await CardRecord.follow(machine.engine, machine.hook);
      const taken: Step[] = [];
      onTestFailed(() => console.log(taken.map((step) => JSON.stringify(step)).join('\n')));

      for (const step of fc.sample(anyStep, { seed: SEED, numRuns: STEPS })) {
        taken.push(step);
        await take(step);
        if (step.next === 'rest') await comeToRest();
        else await sleep(step.next);
        expect(await record.overlaps(CARD_MIB)).toEqual([]);
      }
      const deleted = await everybodyGetsATurn();
      expect(await record.overlaps(CARD_MIB)).toEqual([]);

      const left = await everybody();
      await Promise.all(left.map(remove));
      await machine.berth.untilNothingRuns();
      await eventually(
        async () => (await machine.gpus()).every(({ holders }) => holders.length === 0),
        () => 'a card is still held by whom nothing is left of',
      );
      expect(await record.overlaps(CARD_MIB)).toEqual([]);
      expect(await record.count()).toBeGreaterThan(0);
      expect(await errors()).toEqual([]);
      const acts = taken.flatMap((step) => step.acts).map(({ kind }) => kind);
      const count = (kind: Act['kind']) => acts.filter((each) => each === kind).length;
      const kills = taken.filter(({ killAfterMs }) => killAfterMs !== null).length;
      console.log(
        `${count('create')} creates, ${count('update')} updates, ${count('delete')} deletes, ${kills} kills; ` +
          `cards taken ${await record.count()} times; ${deleted} deleted until nobody waited, ${left.length} left`,
      );
    },
    60_000 + STEPS * STEP_MS,
  );

  /** What berthd logged as an error. */
  async function errors(): Promise<readonly string[]> {
    return (await machine.berth.log())
      .split('\n')
      .filter((line) => /^\{"level":(50|60|"error"|"fatal")/.test(line));
  }
});

function wished({ gpu, sharedGib }: Wish): object {
  const env = sharedGib === null ? {} : { [RESERVES_MIB]: String(sharedGib * 1024) };
  return { gpu, gpuMemory: sharedGib === null ? null : `${sharedGib}Gi`, env };
}

function ageOf({ dateCreated, id }: ContainerJson): string {
  return `${dateCreated} ${id}`;
}

/** Whether a request failed because berthd was killed. */
function wasCutOff(error: unknown): boolean {
  return error instanceof TypeError;
}
