import { afterEach, expect, inject, test } from 'vitest';
import type { ContainerJson } from '../support/daemon.ts';
import { GpuMachine } from '../support/gpu-machine.ts';
import { Images } from '../support/images.ts';
import { describeWithStarted, type NewerVersion } from '../support/newer-engines.ts';
import type { CapturedMachine } from '../support/nvidia-smi.ts';

const ALL = { NVIDIA_VISIBLE_DEVICES: 'all' };

for (const version of ['26.1', '28.5'] as const) {
  await describeMachine(version, 'four-a40', (own) => {
    test('each container sees exactly the cards that GET /v1/gpus says it holds', async () => {
      const containers = await Promise.all([1, 1, 2].map((gpu) => own.deploy({ gpu })));
      const seen = await Promise.all(containers.map(({ id }) => own.machine().seenBy(id)));
      expect(seen).toEqual(await Promise.all(containers.map(({ id }) => own.held(id))));
      expect(seen.map((cards) => cards.length)).toEqual([1, 1, 2]);
      expect(new Set(seen.flat()).size).toBe(4);
    });

    test('a container without GPUs sees none, and an environment that asks for all changes nothing', async () => {
      const [one, none, quiet] = await Promise.all([
        own.deploy({ gpu: 1, env: ALL }),
        own.deploy({ env: ALL }),
        own.deploy({}),
      ]);
      expect(await own.machine().seenBy(one.id)).toEqual(await own.held(one.id));
      expect(await own.held(one.id)).toHaveLength(1);
      for (const { id } of [none, quiet]) expect(await own.machine().seenBy(id)).toEqual([]);
    });

    test('who waits sees the card that is freed', async () => {
      const holders = await Promise.all([1, 2, 3, 4].map(() => own.deploy({ gpu: 1 })));
      const next = await own.create({ gpu: 1 });
      expect(await own.machine().waits(next.id)).toContain('1st in line');
      const [leaver = next] = holders;
      const freed = await own.machine().seenBy(leaver.id);
      await own.machine().delete(leaver);
      expect((await own.machine().berth.settled(next.id)).status).toBe('deployed');
      expect(await own.machine().seenBy(next.id)).toEqual(freed);
      expect(await own.held(next.id)).toEqual(freed);
    });

    test('an update on the only card that is left sees the same one', async () => {
      const { berth } = own.machine();
      await own.deploy({ gpu: 3 });
      const { id } = await own.deploy({ gpu: 1 });
      const before = await own.machine().seenBy(id);
      await berth.send('PUT', `/v1/containers/${id}`, { env: { TEXT: 'next' } });
      const updated = await berth.until(id, ({ servingRevision }) => servingRevision === 2);
      expect(await own.machine().seenBy(id)).toEqual(before);
      expect(await own.held(id)).toEqual(before);
      expect(await berth.fetch(updated)).toMatchObject({ body: expect.stringContaining('next') });
    });

    test('nothing of it went through the nvidia driver', async () => {
      expect(await own.machine().hook.calls()).toEqual([]);
    });
  });
}

await describeMachine('28.5', 'eight-a100-mig', (own) => {
  test('each container sees exactly its MIG instances, and whole cards are apart from them', async () => {
    const wishes = [
      { gpu: 1 },
      { gpu: 2 },
      { gpu: 2, desiredGPUs: ['NVIDIA A100-SXM4-80GB MIG 3g.40gb'] },
      { gpu: 1, desiredGPUs: ['a100'] },
    ];
    const containers = await Promise.all(wishes.map((wish) => own.deploy(wish)));
    const seen = await Promise.all(containers.map(({ id }) => own.machine().seenBy(id)));
    expect(seen).toEqual(await Promise.all(containers.map(({ id }) => own.held(id))));
    const kinds = seen.map((uuids) => uuids.map((uuid) => uuid.slice(0, 4)));
    expect(kinds).toEqual([['MIG-'], ['MIG-', 'MIG-'], ['MIG-', 'MIG-'], ['GPU-']]);
    expect(new Set(seen.flat()).size).toBe(6);
  });
});

/** What a test does on its machine. */
interface Own {
  machine(): GpuMachine;
  create(body: object): Promise<ContainerJson>;
  deploy(body: object): Promise<ContainerJson>;
  /** The cards that a container holds as the API tells it: by uuid, sorted. */
  held(id: string): Promise<readonly string[]>;
}

interface Started extends AsyncDisposable {
  readonly machine: GpuMachine;
  readonly web: string;
}

/** Tests on a machine whose engine is of that version and has CDI; what they create is deleted after each. */
async function describeMachine(
  version: NewerVersion,
  captured: CapturedMachine,
  tests: (own: Own) => void,
): Promise<void> {
  const ground = inject('ground');
  if (!ground.available) return;
  const start = async (): Promise<Started> => {
    const web = await new Images(ground).web('1', 'on a card');
    const machine = await GpuMachine.startWithCdi(version, captured);
    return { machine, web, [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose]() };
  };
  const name = `${captured} with CDI on Docker Engine ${version}`;
  await describeWithStarted(version, name, start, (started) => {
    const made: ContainerJson[] = [];
    afterEach(async () => {
      for (const container of made.splice(0)) await started().machine.delete(container);
    });
    const create = async (body: object) => {
      const { machine, web } = started();
      const container = await machine.berth.create({ image: web, ...body });
      made.push(container);
      return container;
    };
    tests({
      machine: () => started().machine,
      create,
      deploy: async (body) => {
        const container = await started().machine.berth.settled((await create(body)).id);
        expect(container).toMatchObject({ status: 'deployed', statusReason: null });
        return container;
      },
      held: async (id) => (await started().machine.heldBy(id)).toSorted(),
    });
  });
}
