import { describe, expect, test } from 'vitest';
import type { Gpu, GpuInventory } from '../../src/domain/gpu.ts';
import { type CapturedMachine, StandInNvidiaSmi } from '../support/nvidia-smi.ts';
import { watched } from './watched.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

async function seenOn(machine: CapturedMachine): Promise<GpuInventory> {
  await using standIn = await StandInNvidiaSmi.of(machine);
  const { watch } = watched(standIn.path, { times: { deadlineMs: machine === 'hanging' ? 200 : 5_000 } });
  await using _ = watch;
  return await watch.detected();
}

function told({ gpus }: GpuInventory): unknown[] {
  return gpus.map(({ index, name, model, kind, memoryBytes, state }) => [
    index,
    name,
    model?.code ?? null,
    kind,
    memoryBytes === null ? null : memoryBytes / GIB,
    state.kind,
  ]);
}

function at(inventory: GpuInventory, index: number): Gpu {
  const gpu = inventory.gpus[index];
  if (gpu === undefined) throw new Error(`there is no device ${index}`);
  return gpu;
}

describe('what a machine has', () => {
  test('eight A100: each card with its memory, its model and what it does', async () => {
    const seen = await seenOn('eight-a100');
    expect(seen.reason).toBeNull();
    expect(told(seen)).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((index) => [index, 'NVIDIA A100-SXM4-80GB', 'a100', 'card', 80, 'usable']),
    );
    expect(at(seen, 1).uuid).toBe('GPU-c2e1d4a6-5b0f-9d3a-41f2-7a6c0e94b1d8');
    expect(at(seen, 1).reading).toEqual({
      memoryUsedBytes: 41231 * MIB,
      utilization: 98,
      temperature: 58,
      power: 312.8,
    });
  });

  test('eight A100, three of them with MIG: the instances are devices in place of their card', async () => {
    const seen = await seenOn('eight-a100-mig');
    const small = [0, 'NVIDIA A100-SXM4-80GB MIG 1g.10gb', 'a100', 'mig', 10, 'usable'];
    const large = [1, 'NVIDIA A100-SXM4-80GB MIG 3g.40gb', 'a100', 'mig', 40, 'usable'];
    const whole = [3, 4, 5, 6, 7].map((index) => [
      index,
      'NVIDIA A100-SXM4-80GB',
      'a100',
      'card',
      80,
      'usable',
    ]);
    expect(told(seen)).toEqual([...Array(7).fill(small), large, large, ...whole]);
    expect(at(seen, 0).uuid).toBe('MIG-feb88891-0321-5fef-9c87-d4af3b54259e');
    expect(at(seen, 0).reading).toEqual({
      memoryUsedBytes: null,
      utilization: null,
      temperature: 31,
      power: null,
    });
    expect(seen.reason).toBe(
      'GPU 2 (NVIDIA A100-SXM4-80GB) has MIG on and no instances: make some (nvidia-smi mig -i 2 -cgi PROFILE -C), ' +
        'or switch MIG off (nvidia-smi -i 2 -mig 0)',
    );
  });

  test('an A100 whose driver is from before 470: instances by the old form of uuid', async () => {
    const seen = await seenOn('a100-old-mig');
    expect(seen.gpus.map(({ uuid, name, memoryBytes }) => [uuid, name, (memoryBytes ?? 0) / GIB])).toEqual([
      ['MIG-GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f/7/0', 'A100-SXM4-40GB MIG 1g.5gb', 5],
      ['MIG-GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f/8/0', 'A100-SXM4-40GB MIG 1g.5gb', 5],
      ['MIG-GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f/1/0', 'A100-SXM4-40GB MIG 1c.3g.20gb', 20],
    ]);
  });

  test('a driver that does not know MIG is asked without', async () => {
    const seen = await seenOn('k80-old-driver');
    expect(seen.reason).toBeNull();
    expect(seen.gpus.map(({ name, reading }) => [name, reading.temperature, reading.power])).toEqual([
      ['Tesla K80', 40, 20.79],
      ['Tesla K80', 41, 21.79],
    ]);
  });

  test.each<[CapturedMachine, unknown[]]>([
    [
      'two-3090',
      Array.from([0, 1], (index) => [index, 'NVIDIA GeForce RTX 3090', '3090', 'card', 24, 'usable']),
    ],
    ['tesla-t4', [[0, 'Tesla T4', null, 'card', 15, 'usable']]],
    ['laptop', [[0, 'NVIDIA GeForce RTX 3080 Laptop GPU', null, 'card', 16, 'usable']]],
    ['gb10', [[0, 'NVIDIA GB10', null, 'card', null, 'usable']]],
    ['jetson-orin', [[0, 'Orin (nvgpu)', null, 'card', null, 'usable']]],
  ])('%s', async (machine, expected) => {
    const seen = await seenOn(machine);
    expect(told(seen)).toEqual(expected);
    expect(seen.reason).toBeNull();
  });

  test('what a laptop does not measure is null, not 0', async () => {
    expect(at(await seenOn('laptop'), 0).reading).toEqual({
      memoryUsedBytes: 6 * MIB,
      utilization: 0,
      temperature: 44,
      power: null,
    });
  });

  test('a mixed box: by the numbers the driver gives', async () => {
    expect((await seenOn('mixed-box')).gpus.map((gpu) => gpu.name)).toEqual([
      'NVIDIA A100 80GB PCIe',
      'Tesla T4',
      'NVIDIA GeForce RTX 4090',
      'Quadro RTX 4000',
    ]);
  });

  test('a card that needs a reset is lost, with what to do; the others are well', async () => {
    const seen = await seenOn('reset-required');
    expect(seen.gpus.map((gpu) => gpu.state.kind)).toEqual(['usable', 'usable', 'lost', 'usable']);
    expect(seen.reason).toBe(
      'GPU 2 (NVIDIA A40): needs a reset: nvidia-smi --gpu-reset -i 2, once nothing uses it, or reboot the machine',
    );
  });
});

describe('which devices are near to each other', () => {
  test('by links, then by bridges and NUMA nodes', async () => {
    const seen = await seenOn('four-a40');
    const [a, b, c, d] = [0, 1, 2, 3].map((index) => at(seen, index).uuid);
    if (a === undefined || b === undefined || c === undefined || d === undefined)
      throw new Error('four cards');
    expect(seen.nearness(a, b)).toBeGreaterThan(seen.nearness(c, d));
    expect(seen.nearness(c, d)).toBeGreaterThan(seen.nearness(b, c));
    expect(seen.nearness(b, c)).toBeGreaterThan(0);
    expect(seen.nearness(c, d)).toBe(seen.nearness(d, c));
  });

  test('where every card is linked to every other, by NUMA nodes', async () => {
    const seen = await seenOn('eight-a100');
    const near = (one: number, other: number) => seen.nearness(at(seen, one).uuid, at(seen, other).uuid);
    expect(near(2, 3)).toBeGreaterThan(near(1, 2));
    expect(near(2, 3)).toBe(near(6, 7));
    expect(near(1, 2)).toBe(near(0, 7));
  });

  test('instances of one card are nearer than any two cards', async () => {
    const seen = await seenOn('eight-a100-mig');
    expect(seen.nearness(at(seen, 7).uuid, at(seen, 8).uuid)).toBeGreaterThan(
      seen.nearness(at(seen, 9).uuid, at(seen, 10).uuid),
    );
    expect(seen.nearness(at(seen, 9).uuid, at(seen, 10).uuid)).toBeGreaterThan(0);
  });

  test('of a device that is not there, nothing is known', async () => {
    const seen = await seenOn('two-3090');
    expect(seen.nearness(at(seen, 0).uuid, 'GPU-of-another-machine')).toBe(0);
  });
});

describe('why there are none', () => {
  test.each<[CapturedMachine, string]>([
    [
      'driver-not-loaded',
      'the driver is not loaded. Load it: modprobe nvidia. After a new kernel, install the driver again; then reboot.',
    ],
    [
      'driver-mismatch',
      "the driver's library and kernel module differ in version. Reboot: an upgrade is half done.",
    ],
    [
      'card-off-bus',
      'a GPU has fallen off the bus. See dmesg | grep -i xid; reboot. If it comes back, check its power and cooling.',
    ],
    [
      'no-devices',
      'the driver finds no GPU. Is the card seated and powered? lspci | grep -i nvidia shows what the machine sees.',
    ],
    ['hanging', 'nvidia-smi hangs for 0.2 s: a card or its driver is stuck. See dmesg; reboot.'],
  ])('%s', async (machine, reason) => {
    const seen = await seenOn(machine);
    expect([seen.gpus, seen.reason]).toEqual([[], reason]);
  });

  test.each<[string, number, string, string]>([
    ['says nothing', 0, '', 'nvidia-smi answers: nothing. Run it yourself; see dmesg.'],
    [
      'says something else',
      0,
      'Hello\u001b[31m\u0007 there\nand more',
      'nvidia-smi answers: "Hello [31m there". Run it yourself; see dmesg.',
    ],
    [
      'fails in a way of its own',
      255,
      'Failed to initialize NVML: Unknown Error\n',
      'nvidia-smi fails with exit code 255: "Failed to initialize NVML: Unknown Error". Run it yourself; see dmesg.',
    ],
    [
      'cannot run its own program',
      127,
      'libnvidia-ml.so: cannot open shared object file',
      'nvidia-smi fails with exit code 127: "libnvidia-ml.so: cannot open shared object file". Run it yourself; see dmesg.',
    ],
    [
      'lacks its library',
      12,
      "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.",
      "the driver's library libnvidia-ml is missing. Install the driver again; then reboot.",
    ],
    [
      'finds none and calls it a success',
      0,
      'No devices were found\n',
      'the driver finds no GPU. Is the card seated and powered? lspci | grep -i nvidia shows what the machine sees.',
    ],
  ])('nvidia-smi %s', async (_, code, says, reason) => {
    await using standIn = await StandInNvidiaSmi.of('tesla-t4');
    await standIn.fail(code, says);
    const { watch } = watched(standIn.path);
    await using _watch = watch;
    expect(await watch.detected()).toMatchObject({ gpus: [], reason });
  });
});
