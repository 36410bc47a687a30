import { describe, expect, test } from 'vitest';
import type { GpuInventory } from '../../src/domain/gpu.ts';
import { type CapturedMachine, StandInNvidiaSmi } from '../support/nvidia-smi.ts';
import { watched } from './watched.ts';

const SECOND = 'GPU-072b19bd-4ccf-63cf-6435-cf462aff833d';

interface Scene {
  readonly standIn: StandInNvidiaSmi;
  look(): Promise<string[]>;
  reason(): string | null;
  readonly latest: () => GpuInventory;
}

async function on(machine: CapturedMachine, act: (scene: Scene) => Promise<void>): Promise<void> {
  await using standIn = await StandInNvidiaSmi.of(machine);
  const { watch } = watched(standIn.path, { times: { deadlineMs: 400 } });
  await using _ = watch;
  await watch.detected();
  await act({
    standIn,
    look: async () => (await watch.lookNow()).gpus.map((gpu) => gpu.state.kind),
    reason: () => watch.latest().reason,
    latest: () => watch.latest(),
  });
}

describe('a card that is no longer listed', () => {
  test('is unknown at first, lost at the second look, and usable as soon as it is back', () =>
    on('four-a40', async ({ standIn, look, reason }) => {
      await standIn.loseCard(SECOND);
      expect(await look()).toEqual(['usable', 'unknown', 'usable', 'usable']);
      expect(await look()).toEqual(['usable', 'lost', 'usable', 'usable']);
      expect(reason()).toMatch(/^GPU 1 \(NVIDIA A40\): fell off the bus; .*reboot/);
      expect(await look()).toEqual(['usable', 'lost', 'usable', 'usable']);
      await standIn.use('four-a40');
      expect(await look()).toEqual(['usable', 'usable', 'usable', 'usable']);
      expect(reason()).toBeNull();
    }));

  test('does not change how near the others are', () =>
    on('four-a40', async ({ standIn, look, latest }) => {
      const [, , third, fourth] = latest().gpus.map((gpu) => gpu.uuid);
      const before = latest().nearness(third ?? '', fourth ?? '');
      await standIn.loseCard(SECOND);
      await look();
      await look();
      expect(latest().nearness(third ?? '', fourth ?? '')).toBe(before);
      expect(before).toBeGreaterThan(0);
    }));

  test('keeps its number, name and memory, and has no readings', () =>
    on('four-a40', async ({ standIn, look, latest }) => {
      await standIn.loseCard(SECOND);
      await look();
      await look();
      expect(latest().gpus[1]).toMatchObject({
        uuid: SECOND,
        index: 1,
        name: 'NVIDIA A40',
        memoryBytes: 46068 * 1024 ** 2,
        reading: { memoryUsedBytes: null, utilization: null, temperature: null, power: null },
      });
    }));
});

describe('a card that the driver reports gone', () => {
  test('is lost at once by the place it sat in; the others, listed beside the error, are well', () =>
    on('four-a40', async ({ standIn, look }) => {
      await standIn.dropOffBus(SECOND);
      expect(await look()).toEqual(['usable', 'lost', 'usable', 'usable']);
      await standIn.use('four-a40');
      expect(await look()).toEqual(['usable', 'usable', 'usable', 'usable']);
    }));

  test.each([
    'Unable to determine the device handle for GPU 0000:41:00.0: GPU is lost.  Reboot the system to recover this GPU\n',
    'Unable to determine the device handle for GPU0000:41:00.0: Unknown Error\n',
    'Unable to determine the device handle for GPU1: 0000:41:00.0: Unknown Error\nNo devices were found\n',
  ])('is lost though nothing else is said: %j', (says) =>
    on('four-a40', async ({ standIn, look, reason }) => {
      await standIn.fail(15, says);
      expect(await look()).toEqual(['usable', 'lost', 'usable', 'usable']);
      expect(reason()).toMatch(/^a GPU has fallen off the bus\./);
    }),
  );

  test('and that can be any of them makes all of them unknown', () =>
    on('four-a40', async ({ standIn, look }) => {
      await standIn.fail(15, 'Unable to determine the device handle for GPU 0000:99:00.0: GPU is lost.\n');
      expect(await look()).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
    }));

  test('is still known by its place after looks without it', () =>
    on('four-a40', async ({ standIn, look }) => {
      await standIn.loseCard(SECOND);
      await look();
      await look();
      await standIn.fail(15, 'Unable to determine the device handle for GPU 0000:41:00.0: GPU is lost.\n');
      expect(await look()).toEqual(['usable', 'lost', 'usable', 'usable']);
    }));
});

describe('what stands in place of a value', () => {
  test.each([
    ['[GPU requires reset]', 'lost'],
    ['[GPU is lost]', 'lost'],
    ['[Unknown Error]', 'usable'],
    ['ERR!', 'usable'],
    ['[Not Supported]', 'usable'],
    ['N/A', 'usable'],
  ])('of the readings: %s makes the card %s', (marker, state) =>
    on('four-a40', async ({ standIn, look, latest }) => {
      await standIn.mark(SECOND, marker);
      expect(await look()).toEqual(['usable', state, 'usable', 'usable']);
      expect(latest().gpus[1]?.reading).toEqual({
        memoryUsedBytes: null,
        utilization: null,
        temperature: null,
        power: null,
      });
    }),
  );

  test('a card that has forgotten its name and memory is lost, and shown as it was known', () =>
    on('tesla-t4', async ({ standIn, look, latest, reason }) => {
      const { uuid } = latest().gpus[0] ?? { uuid: '' };
      await standIn.answer(
        'cards.csv',
        `0, ${uuid}, [Unknown Error], ERR!, ERR!, ERR!, ERR!, ERR!, [Unknown Error], 470.182.03\n`,
      );
      expect(await look()).toEqual(['lost']);
      expect(latest().gpus[0]).toMatchObject({ name: 'Tesla T4', memoryBytes: 15360 * 1024 ** 2 });
      expect(reason()).toContain("the driver can't read it");
    }));

  test('a card that has forgotten even its uuid is known by its number', () =>
    on('two-3090', async ({ standIn, look, latest }) => {
      const { uuid } = latest().gpus[1] ?? { uuid: '' };
      const lost = Array(8).fill('[GPU is lost]').join(', ');
      await standIn.loseCard(uuid);
      const first = `0, ${latest().gpus[0]?.uuid}, NVIDIA GeForce RTX 3090, 24576, 10, 0, 34, 24.18, [N/A], 550.120\n`;
      await standIn.answer('cards.csv', `${first}1, ${lost}, 550.120\n`);
      expect(await look()).toEqual(['usable', 'lost']);
    }));

  test('MIG instances share the fate of their card', () =>
    on('a100-old-mig', async ({ standIn, look, latest }) => {
      const reset = Array(6).fill('[GPU requires reset]').join(', ');
      const card = 'GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f';
      await standIn.answer('cards.csv', `0, ${card}, A100-SXM4-40GB, ${reset}, 450.80.02\n`);
      expect(await look()).toEqual(['lost', 'lost', 'lost']);
      await standIn.use('a100-old-mig');
      expect(await look()).toEqual(['usable', 'usable', 'usable']);
      expect(latest().reason).toBeNull();
    }));
});

describe('a driver that fails as a whole', () => {
  test.each<[string, (standIn: StandInNvidiaSmi) => Promise<void>]>([
    ['is not loaded', (standIn) => standIn.use('driver-not-loaded')],
    ['differs from its library', (standIn) => standIn.use('driver-mismatch')],
    ['talks nonsense', (standIn) => standIn.fail(0, 'index, uuid\n')],
    ['hangs', (standIn) => standIn.hang()],
  ])('%s: every card is unknown, and well again when it is', (_, breakIt) =>
    on('two-3090', async ({ standIn, look, reason }) => {
      await breakIt(standIn);
      expect(await look()).toEqual(['unknown', 'unknown']);
      expect(await look()).toEqual(['unknown', 'unknown']);
      expect(reason()).not.toBeNull();
      await standIn.use('two-3090');
      expect(await look()).toEqual(['usable', 'usable']);
      expect(reason()).toBeNull();
    }),
  );

  test('does not bring back what was lost before', () =>
    on('two-3090', async ({ standIn, look, latest }) => {
      await standIn.mark(latest().gpus[1]?.uuid ?? '', '[GPU is lost]');
      await look();
      await standIn.hang();
      expect(await look()).toEqual(['unknown', 'lost']);
    }));

  test('that finds no cards any more has lost them at the second look', () =>
    on('two-3090', async ({ standIn, look }) => {
      await standIn.use('no-devices');
      expect(await look()).toEqual(['unknown', 'unknown']);
      expect(await look()).toEqual(['lost', 'lost']);
    }));

  test('that finds no cards any more says that, and not of each card that it fell off the bus', () =>
    on('two-3090', async ({ standIn, look, reason, latest }) => {
      await standIn.use('no-devices');
      const none =
        'the driver finds no GPU. Is the card seated and powered? lspci | grep -i nvidia shows what the machine sees.';
      for (const kind of ['unknown', 'lost', 'lost']) {
        await look();
        expect(reason()).toBe(none);
        expect(latest().gpus.map(({ state }) => state)).toEqual(Array(2).fill({ kind, reason: none }));
      }
      // With one of the two back, the other is gone for a reason of its own.
      await standIn.use('two-3090');
      await standIn.loseCard(latest().gpus[1]?.uuid ?? '');
      expect(await look()).toEqual(['usable', 'lost']);
      expect(reason()).toMatch(/^GPU 1 \(NVIDIA GeForce RTX 3090\): fell off the bus; /);
    }));
});

describe('what is told of several cards', () => {
  const [first, third] = [0, 2];

  test('with the same trouble is told once, with the name they share', () =>
    on('four-a40', async ({ standIn, look, reason, latest }) => {
      const uuids = [third, first].map((index) => latest().gpus[index]?.uuid ?? '');
      for (const uuid of uuids) await standIn.mark(uuid, '[GPU is lost]');
      expect(await look()).toEqual(['lost', 'usable', 'lost', 'usable']);
      expect(reason()).toBe(
        'GPUs 0 and 2 (NVIDIA A40): fell off the bus; see dmesg | grep -i xid, then reboot the machine; ' +
          'should it happen again, check power and cooling',
      );
    }));

  test('of different names is told without one', () =>
    on('mixed-box', async ({ standIn, look, reason, latest }) => {
      for (const { uuid } of latest().gpus.slice(0, 3)) await standIn.mark(uuid, '[GPU is lost]');
      await look();
      expect(reason()).toMatch(/^GPUs 0, 1 and 2: fell off the bus; /);
    }));

  test('with troubles of their own is told in sentences', () =>
    on('four-a40', async ({ standIn, look, reason, latest }) => {
      await standIn.mark(latest().gpus[first]?.uuid ?? '', '[GPU is lost]');
      await standIn.mark(SECOND, '[GPU requires reset]');
      await standIn.mark(latest().gpus[third]?.uuid ?? '', '[GPU is lost]');
      await look();
      expect(reason()).toMatch(
        /^GPUs 0 and 2 \(NVIDIA A40\): fell .* and cooling\. GPU 1 \(NVIDIA A40\): needs a reset: [^.]*$/,
      );
    }));

  test('before berthd saw them is told by number, or by the places they sat in', async () => {
    await using standIn = await StandInNvidiaSmi.of('four-a40');
    const lost = Array(9).fill('[GPU is lost]').join(', ');
    await standIn.answer('cards.csv', `3, ${lost}\n1, ${lost}\n`);
    const { watch } = watched(standIn.path);
    await using _ = watch;
    expect((await watch.detected()).reason).toMatch(/^GPUs 1 and 3: fell off the bus; /);

    await standIn.use('four-a40');
    for (const { uuid } of (await watch.lookNow()).gpus.slice(2)) await standIn.dropOffBus(uuid);
    const { watch: another } = watched(standIn.path);
    await using _another = another;
    expect((await another.detected()).reason).toMatch(/^the GPUs at \S+ and \S+ fell off the bus; /);
  });

  test('with MIG on and no instances is told once, with what to type for all of them', () =>
    on('eight-a100-mig', async ({ standIn, look, reason }) => {
      await standIn.answer('list.txt', '');
      await look();
      expect(reason()).toBe(
        'GPUs 0 and 1: the MIG instance was deleted. GPUs 0, 1 and 2 (NVIDIA A100-SXM4-80GB) have MIG on and no ' +
          'instances: make some (nvidia-smi mig -i 0,1,2 -cgi PROFILE -C), or switch MIG off (nvidia-smi -i 0,1,2 -mig 0)',
      );
    }));
});

describe('MIG that is changed while berthd runs', () => {
  test('a card that was split is lost as a card, its instances are devices, and then it is forgotten', () =>
    on('eight-a100', async ({ standIn, look, latest }) => {
      await standIn.use('eight-a100-mig');
      await look();
      const first = latest().gpus.filter((gpu) => gpu.index === 0);
      expect(first.filter((gpu) => gpu.kind === 'mig').map((gpu) => gpu.state.kind)).toEqual(
        Array(7).fill('usable'),
      );
      expect(first.find((gpu) => gpu.kind === 'card')?.state).toEqual({
        kind: 'lost',
        reason: 'MIG was switched on',
      });
      await look();
      await look();
      expect(latest().gpus.filter((gpu) => gpu.index === 0 && gpu.kind === 'card')).toEqual([]);
    }));

  test('an instance that was deleted is lost, and then forgotten', () =>
    on('a100-old-mig', async ({ standIn, look, latest }) => {
      const card = 'GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f';
      await standIn.answer(
        'list.txt',
        `GPU 0: A100-SXM4-40GB (UUID: ${card})\n  MIG 1g.5gb Device 0: (UUID: MIG-${card}/7/0)\n`,
      );
      expect((await look()).toSorted()).toEqual(['lost', 'lost', 'usable']);
      await look();
      expect(await look()).toEqual(['usable']);
      expect(latest().reason).toBeNull();
    }));
});
