import { afterEach, beforeAll, expect, test } from 'vitest';
import { type ContainerJson, eventually, TestDaemon } from '../support/daemon.ts';
import { nvidiaSmiSays } from '../support/gpu-hook.ts';
import { GpuMachine } from '../support/gpu-machine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { StandInNvidiaSmi } from '../support/nvidia-smi.ts';

const ON_A40 = { gpu: 1, desiredGPUs: ['Nvidia A40'] };

describeWithEngine('on a machine with four cards', (ground) => {
  const images = new Images(ground);
  let machine: GpuMachine;
  let web: string;
  const made: ContainerJson[] = [];

  beforeAll(async () => {
    [machine, web] = await Promise.all([GpuMachine.start('four-a40'), images.web('1', 'on a card')]);
    return () => machine[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await machine.nvidiaSmi.use('four-a40');
    for (const container of made.splice(0)) await machine.delete(container);
  });

  async function create(body: object): Promise<ContainerJson> {
    const container = await machine.berth.create({ image: web, ...body });
    made.push(container);
    return container;
  }

  async function deploy(body: object): Promise<ContainerJson> {
    return await machine.berth.settled((await create(body)).id);
  }

  test('a container is told the card that GET /v1/gpus says it holds, and no other', async () => {
    const { id } = await deploy(ON_A40);
    const held = await machine.heldBy(id);
    expect(held).toHaveLength(1);
    expect(await machine.toldFor(id)).toEqual(held);
  });

  test('an environment that asks for all cards gets what was allocated', async () => {
    const env = { NVIDIA_VISIBLE_DEVICES: 'all' };
    const echo = await images.echo();
    const [one, none] = await Promise.all([
      deploy({ ...ON_A40, image: echo, env }),
      deploy({ image: echo, env }),
    ]);
    expect(await machine.toldFor(one.id)).toEqual(await machine.heldBy(one.id));
    expect(await machine.toldFor(none.id)).toBeUndefined();
    expect(none.env).toEqual(env);
    expect((await machine.berth.fetch(none)).body).toContain('env NVIDIA_VISIBLE_DEVICES=void');
  });

  test('who comes when all are taken waits in line, is told for whom, and gets the first that is freed', async () => {
    const holders = await Promise.all([1, 2, 3, 4].map(() => deploy(ON_A40)));
    const [first, second] = [await create(ON_A40), await create(ON_A40)];
    expect(await machine.waits(first.id)).toMatch(
      /^waiting for a free Nvidia a40, 1st in line; held by web \(/,
    );
    expect(await machine.waits(second.id)).toMatch(
      /^waiting for a free Nvidia a40, 2nd in line; held by web \(/,
    );
    for (const { waiting } of await machine.gpus()) expect(waiting).toEqual([first.id, second.id]);

    const [leaver] = holders;
    const [freed] = await machine.heldBy(leaver?.id ?? '');
    await machine.delete(leaver ?? first);
    expect((await machine.berth.settled(first.id)).status).toBe('deployed');
    expect(await machine.toldFor(first.id)).toEqual([freed]);
    await machine.berth.until(
      second.id,
      ({ statusReason }) => statusReason?.includes('1st in line') ?? false,
    );
    const kinds = (await machine.events())
      .filter(({ gpus }) => gpus.includes(freed ?? ''))
      .map(({ kind, containerID }) => [kind, containerID]);
    expect(kinds.slice(-3)).toEqual([
      ['gpu-taken', leaver?.id],
      ['gpu-freed', leaver?.id],
      ['gpu-taken', first.id],
    ]);
  });

  test('several containers share a card by memory, and whole cards stay whole', async () => {
    const shares = await Promise.all([1, 2].map(() => deploy({ ...ON_A40, gpuMemory: '20Gi' })));
    const cards = await Promise.all(shares.map(({ id }) => machine.toldFor(id)));
    expect(cards[0]).toEqual(cards[1]);
    const third = await deploy({ ...ON_A40, gpuMemory: '20Gi' });
    expect(await machine.toldFor(third.id)).not.toEqual(cards[0]);
    const whole = await deploy(ON_A40);
    expect([...(cards[0] ?? []), ...((await machine.toldFor(third.id)) ?? [])]).not.toContain(
      (await machine.toldFor(whole.id))?.[0],
    );
  });

  test('a card that is gone is lost to its container, which is made again on another, and told why', async () => {
    const { id } = await deploy(ON_A40);
    const [lost = ''] = await machine.heldBy(id);
    await machine.nvidiaSmi.dropOffBus(lost);
    await eventually(
      async () => {
        const held = await machine.heldBy(id);
        return held.length === 1 && !held.includes(lost);
      },
      () => 'it keeps the card that is lost',
    );
    await machine.berth.until(id, ({ status }) => status === 'deployed');
    expect(await machine.toldFor(id)).toEqual(await machine.heldBy(id));
    const event = (await machine.events()).findLast(({ kind }) => kind === 'gpu-lost');
    expect(event).toMatchObject({
      ...{ containerID: id, name: 'web', gpus: [lost], reason: expect.stringContaining('bus') },
    });
  });

  test('a container that lost access to its card is made again on it, with the reason in an event', async () => {
    const { id } = await deploy(ON_A40);
    const held = await machine.heldBy(id);
    const [before] = await machine.berth.instances(id);
    await nvidiaSmiSays(machine.engine, before?.Id ?? '', {
      text: 'Failed to initialize NVML: Unknown Error',
      exitCode: 255,
    });
    await eventually(
      async () => {
        const now = await machine.berth.instances(id);
        return now.length === 1 && now[0]?.Id !== before?.Id && now[0]?.State === 'running';
      },
      () => 'it is not made again',
    );
    await machine.berth.until(id, ({ status }) => status === 'deployed');
    expect(await machine.toldFor(id)).toEqual(held);
    const event = (await machine.events()).findLast(({ kind }) => kind === 'gpu-lost');
    expect(event).toMatchObject({ containerID: id, gpus: held, reason: expect.stringContaining('NVML') });
  });

  test('an update goes beside the old one where a card is free, and waits for nothing', async () => {
    const container = await deploy(ON_A40);
    const before = await machine.toldFor(container.id);
    const next = await images.web('2', 'on the next card');
    await machine.berth.send('PUT', `/v1/containers/${container.id}`, { image: next });
    await machine.berth.until(container.id, ({ servingRevision }) => servingRevision === 2);
    await eventually(
      async () => (await machine.berth.instances(container.id)).length === 1,
      () => 'the old one stays',
    );
    expect(await machine.toldFor(container.id)).not.toEqual(before);
    await eventually(
      async () => (await machine.heldBy(container.id)).length === 1,
      () => 'the old card is kept',
    );
  });
});

describeWithEngine('on a machine with one card', (ground) => {
  const images = new Images(ground);
  let machine: GpuMachine;

  beforeAll(async () => {
    machine = await GpuMachine.start('tesla-t4', { env: { BERTH_START_TIMEOUT: '5s' } });
    return () => machine[Symbol.asyncDispose]();
  });

  test('an update takes the card over; a broken one gives it back; nobody who waits gets it in between', async () => {
    const { berth } = machine;
    const on = { gpu: 1 };
    const holder = await berth.deploy({ ...on, image: await images.web('1', 'one') });
    const waiter = await berth.create({ ...on, name: 'waiter', image: await images.web('1', 'one') });
    await machine.waits(waiter.id);
    const path = `/v1/containers/${holder.id}`;

    await berth.send('PUT', path, { image: await images.web('2', 'two') });
    const updated = await berth.until(holder.id, ({ servingRevision }) => servingRevision === 2);
    expect(await berth.fetch(updated)).toMatchObject({ status: 200, body: expect.stringContaining('two') });

    await berth.send('PUT', path, { image: await images.silent() });
    const failed = await berth.until(holder.id, ({ status }) => status === 'failed');
    expect(failed).toMatchObject({ servingRevision: 2, statusReason: expect.stringContaining('port 80') });
    await eventually(
      async () => (await berth.fetch(updated)).status === 200,
      () => 'the old one is not started again',
    );

    const calls = await machine.hook.calls();
    expect(new Set(calls.map(({ told }) => told.last.join())).size).toBe(1);
    expect(await berth.instances(waiter.id)).toEqual([]);
    await machine.delete(holder);
    expect((await berth.settled(waiter.id)).status).toBe('deployed');
    await machine.delete(waiter);
  });
});

describeWithEngine('where Docker can’t hand out GPUs', (ground) => {
  test('a container fails with the two commands that install the toolkit', async () => {
    await using nvidiaSmi = await StandInNvidiaSmi.of('tesla-t4');
    const env = { BERTH_NVIDIA_SMI: nvidiaSmi.path };
    await using berth = await TestDaemon.start({ ...ground, env });
    const image = await new Images(ground).web('1', 'never');
    const { status, statusReason } = await berth.settled((await berth.create({ gpu: 1, image })).id);
    expect(status).toBe('failed');
    expect(statusReason).toContain('apt-get install -y nvidia-container-toolkit');
    expect(statusReason).toContain('systemctl restart docker');
  });
});
