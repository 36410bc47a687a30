import { execa } from 'execa';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { type ContainerJson, eventually, TestDaemon } from '../support/daemon.ts';
import { BerthWithGpus, type GpuJson } from '../support/gpu-machine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { findCommand } from '../support/packages.ts';

const MIB = 1024 ** 2;
const ALL = { NVIDIA_VISIBLE_DEVICES: 'all' };

describeWithEngine('a real GPU', (ground) => {
  let machine: BerthWithGpus;
  let berth: TestDaemon;
  let image: string;
  /** All that the machine has of the first one's kind. */
  let cards: readonly GpuJson[];
  const made: ContainerJson[] = [];

  beforeAll(async () => {
    const nvidiaSmi = await findCommand('nvidia-smi');
    if (nvidiaSmi === undefined) throw new Error('nvidia-smi is not installed');
    image = await new Images(ground).webWithLibraries('1', 'on a real GPU', nvidiaSmi);
    berth = await TestDaemon.start(ground);
    machine = new BerthWithGpus(berth);
    const gpus = await machine.gpus();
    cards = gpus.filter(({ name }) => name === gpus[0]?.name);
    return () => berth[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const container of made.splice(0)) await machine.delete(container);
  });

  async function create(body: object): Promise<ContainerJson> {
    // NVML alone takes some tens of MiB.
    const container = await berth.create({ image, ram: '512Mi', ...body });
    made.push(container);
    return container;
  }

  async function deploy(body: object): Promise<ContainerJson> {
    const container = await berth.settled((await create(body)).id);
    expect(container).toMatchObject({ status: 'deployed', statusReason: null });
    return container;
  }

  /** Asks for some of the cards, or for all of them. */
  function on(gpu: number): object {
    return { gpu, desiredGPUs: cards.slice(0, 1).map(({ name }) => name) };
  }

  async function held(id: string): Promise<readonly string[]> {
    return (await machine.heldBy(id)).toSorted();
  }

  /** The devices that nvidia-smi lists inside a container: by uuid, sorted; of a card with MIG its instances. */
  async function seen(id: string): Promise<readonly string[]> {
    return devicesIn(await machine.output(id, 'nvidia-smi -L'));
  }

  test('is listed under its uuid, its name and its memory, and by a code of the catalogue or none', async () => {
    const gpus = await machine.gpus();
    const listed = devicesIn((await execa('nvidia-smi', ['-L'])).stdout);
    const found = gpus.map(({ uuid }) => uuid);
    expect(listed).toEqual(expect.arrayContaining(found));
    // A card with MIG on and no instances can't be given, and it says so.
    const reason = await machine.reason();
    if (listed.length === found.length) expect(reason).toBeNull();
    else expect(reason).toContain('has MIG on and no instances');
    const query = ['--query-gpu=uuid,name,memory.total', '--format=csv,noheader,nounits'];
    const rows = (await execa('nvidia-smi', query)).stdout.split('\n').map((row) => row.split(', '));
    for (const [uuid, name, mib] of rows) {
      const whole = gpus.find((gpu) => gpu.uuid === uuid);
      if (whole === undefined) continue;
      const memoryTotal = Number.isNaN(Number(mib)) ? null : Number(mib) * MIB;
      expect(whole).toMatchObject({ name, memoryTotal, holders: [], waiting: [] });
    }
    const models = await (await berth.api('/v1/gpu-models?rows=1000')).text();
    const codes = new Set([...models.matchAll(/"code":"([^"]+)"/g)].map(([, code]) => code ?? null));
    for (const { code } of gpus) expect(code === null || codes.has(code)).toBe(true);
  });

  test('is all that its container sees, whatever the environment asks for', async () => {
    const { id } = await deploy({ ...on(1), env: ALL });
    expect(await held(id)).toHaveLength(1);
    expect(await seen(id)).toEqual(await held(id));
  });

  test('is not seen by a container without', async () => {
    const { id } = await deploy({ env: ALL });
    expect(await machine.output(id, 'ls -d /dev/nvidia* 2>/dev/null; which nvidia-smi')).toBe('');
  });

  test('is waited for where it is taken, and goes to who waits', async () => {
    const holder = await deploy(on(cards.length));
    const next = await create(on(1));
    expect(await machine.waits(next.id)).toMatch(/1st in line; held by web/);
    await machine.delete(holder);
    expect((await berth.settled(next.id)).status).toBe('deployed');
    expect(await seen(next.id)).toEqual(await held(next.id));
  });

  test('is taken over by an update where there is no other, and given back by one that fails', async () => {
    const { id } = await deploy(on(cards.length));
    const before = await seen(id);
    const path = `/v1/containers/${id}`;
    await berth.send('PUT', path, { env: { TEXT: 'next' } });
    const updated = await berth.until(id, ({ servingRevision }) => servingRevision === 2);
    expect([await seen(id), await held(id)]).toEqual([before, before]);
    expect((await berth.fetch(updated)).body).toContain('next');

    await berth.send('PUT', path, { command: ['/bin/sh', '-c', 'exit 1'] });
    await berth.until(id, ({ status }) => status === 'failed');
    await eventually(
      async () => (await berth.fetch(updated)).status === 200,
      () => 'the old one is not started again',
    );
    expect(await seen(id)).toEqual(before);
  });

  test('is shared by reserved memory, where it has memory of its own', async ({ skip }) => {
    const memory = cards[0]?.memoryTotal ?? null;
    if (memory === null) return skip('its driver does not say how much memory it has');
    const share = { ...on(1), gpuMemory: `${Math.floor(memory / 2 / MIB)}Mi` };
    const [one, other] = [await deploy(share), await deploy(share)];
    expect(await seen(one.id)).toEqual(await seen(other.id));
    const more = await create({ ...on(cards.length), gpuMemory: share.gpuMemory });
    expect(await machine.waits(more.id)).toContain('1st in line');
  });

  test('is told of to Prometheus, with who has it', async () => {
    const { id } = await deploy(on(1));
    const [uuid = ''] = await held(id);
    const lines = (await (await berth.api('/metrics')).text()).split('\n');
    const value = (gauge: string) =>
      lines.find((line) => line.startsWith(`berth_gpu_${gauge}{uuid="${uuid}"`));
    expect(value('holders')).toMatch(/ 1$/);
    expect(value('usable')).toMatch(/ 1$/);
    expect(value('waiting')).toMatch(/ 0$/);
  });
});

/** What `nvidia-smi -L` lists that can be given to a container: a card, or the MIG instances beneath it. */
function devicesIn(list: string): readonly string[] {
  const uuids = [...list.matchAll(/\(UUID: (\S+)\)/g)].map(([, uuid = '']) => uuid);
  const isDivided = (uuid: string, at: number) =>
    uuid.startsWith('GPU-') && (uuids[at + 1] ?? '').startsWith('MIG-');
  return uuids.filter((uuid, at) => !isDivided(uuid, at)).toSorted();
}
