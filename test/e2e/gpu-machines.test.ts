import { beforeAll, expect, test } from 'vitest';
import { type ContainerJson, eventually } from '../support/daemon.ts';
import { type GpuHookEngine, startEngineWithGpuHook } from '../support/gpu-hook.ts';
import { GpuMachine } from '../support/gpu-machine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import type { CapturedMachine } from '../support/nvidia-smi.ts';

describeWithEngine('on machines of many kinds', (ground) => {
  let engine: GpuHookEngine;
  let web: string;

  beforeAll(async () => {
    engine = await startEngineWithGpuHook();
    web = await new Images(ground).web('1', 'on a card');
    return () => engine[Symbol.asyncDispose]();
  });

  /** What a create with this is answered, whatever that is. */
  async function ask({ berth }: GpuMachine, body: object) {
    const answer = await berth.api('/v1/containers', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'web', ram: '64Mi', image: web, ...body }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** The numbers of the cards that Docker was told for a container. */
  async function indexes(machine: GpuMachine, { id }: ContainerJson): Promise<readonly number[]> {
    const told = await machine.toldFor(id);
    const gpus = await machine.gpus();
    return gpus.filter(({ uuid }) => told?.includes(uuid)).map(({ index }) => index);
  }

  test('two cards are of one NUMA node where links tell nothing, and single ones leave such pairs whole', async () => {
    await using machine = await GpuMachine.start('eight-a100', { on: engine });
    const { berth } = machine;
    const single = await berth.deploy({ image: web, gpu: 1 });
    const pairs = await Promise.all([1, 2, 3].map(() => berth.deploy({ image: web, gpu: 2 })));
    const last = await berth.deploy({ image: web, gpu: 1 });
    const nodes = async (container: ContainerJson) =>
      (await indexes(machine, container)).map((index) => Math.floor(index / 2));
    for (const pair of pairs) {
      const [one, other, ...more] = await nodes(pair);
      expect([other, more]).toEqual([one, []]);
    }
    expect(await nodes(last)).toEqual(await nodes(single));
  });

  test('several wishes: the first that the machine has, then the next that is free; all cards are of one model', async () => {
    await using machine = await GpuMachine.start('mixed-box', { on: engine });
    const codes: (string | null)[] = [];
    for (const desiredGPUs of [['h100', '4090', 'a100'], ['Nvidia RTX-4090', 'A100'], ['Quadro RTX 4000']]) {
      const container = await machine.berth.deploy({ image: web, gpu: 1, desiredGPUs });
      const [uuid] = (await machine.toldFor(container.id)) ?? [];
      expect(await machine.heldBy(container.id)).toEqual([uuid]);
      codes.push((await machine.gpus()).find((gpu) => gpu.uuid === uuid)?.code ?? null);
    }
    expect(codes.slice(0, 2)).toEqual(['4090', 'a100']);
    const waiter = await machine.berth.create({ image: web, gpu: 1, desiredGPUs: ['4090', 'a100'] });
    expect(await machine.waits(waiter.id)).toContain('Nvidia rtx-4090 or Nvidia a100, 1st in line');
    const both = await ask(machine, { gpu: 2, desiredGPUs: ['4090', 'a100'] });
    expect(both).toMatchObject({ status: 422, text: expect.stringContaining('2 GPUs of one model') });
  });

  test.for<[CapturedMachine, RegExp]>([
    ['driver-mismatch', /differ in version. Reboot/],
    ['driver-not-loaded', /modprobe nvidia/],
    ['card-off-bus', /has fallen off the bus/],
    ['no-devices', /the driver finds no GPU/],
    ['hanging', /nvidia-smi hangs for 5 s/],
  ])('%s: it serves, says why it has no GPU, and finds them at SIGHUP', async ([captured, reason]) => {
    await using machine = await GpuMachine.start(captured, { on: engine, asProcess: true });
    const { berth, nvidiaSmi } = machine;
    // What asks for none is deployed as ever.
    expect((await berth.deploy({ image: web })).status).toBe('deployed');
    expect([await machine.gpus(), await machine.reason()]).toEqual([[], expect.stringMatching(reason)]);
    const refused = await ask(machine, { gpu: 1 });
    expect(refused).toMatchObject({ status: 422, text: expect.stringMatching(reason) });

    await nvidiaSmi.use('tesla-t4');
    await berth.hangUp();
    await eventually(
      async () => (await ask(machine, { gpu: 1 })).status === 201,
      async () => `the card is not there: ${await machine.reason()}`,
    );
    const [card] = await machine.gpus();
    expect(await machine.reason()).toBeNull();
    const { items }: { items: ContainerJson[] } = JSON.parse(
      await (await berth.api('/v1/containers')).text(),
    );
    const one = await berth.settled(items.find(({ gpu }) => gpu === 1)?.id ?? '');
    expect(one).toMatchObject({ status: 'deployed', statusReason: null });
    expect(await machine.toldFor(one.id)).toEqual([card?.uuid]);
  });

  test('a card that needs a reset is waited for, with the reason, and given out once it is well', async () => {
    await using machine = await GpuMachine.start('reset-required', { on: engine, asProcess: true });
    const { berth, nvidiaSmi } = machine;
    expect(await machine.reason()).toContain('GPU 2 (NVIDIA A40): needs a reset');
    const three = await Promise.all([1, 2, 3].map(() => berth.deploy({ image: web, gpu: 1 })));
    const told = await Promise.all(three.map((container) => indexes(machine, container)));
    expect(told.flat().toSorted()).toEqual([0, 1, 3]);
    const { id } = await berth.create({ image: web, gpu: 1 });
    expect(await machine.waits(id)).toContain("GPU 2 can't be used: needs a reset");
    expect((await berth.deploy({ image: web })).status).toBe('deployed');

    await nvidiaSmi.use('four-a40');
    await berth.hangUp();
    const last = await berth.settled(id);
    expect(last).toMatchObject({ status: 'deployed', statusReason: null });
    expect(await indexes(machine, last)).toEqual([2]);
    expect(await machine.reason()).toBeNull();
  });
});
