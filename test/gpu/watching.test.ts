import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { GpuInventory } from '../../src/domain/gpu.ts';
import { StandInNvidiaSmi } from '../support/nvidia-smi.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { watched } from './watched.ts';

const MAIN =
  '--query-gpu=index,uuid,name,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw,mig.mode.current,driver_version --format=csv,noheader,nounits';

/** Not ended, though perhaps nobody has taken note of its end. */
async function isAlive(pid: string): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !stat.includes(') Z ');
}

async function looks(standIn: StandInNvidiaSmi): Promise<number> {
  return (await standIn.questions()).filter((question) => question === MAIN).length;
}

describe('what nvidia-smi is asked', () => {
  test('for the cards at each look; where they sit, once', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch } = watched(standIn.path);
    await using _ = watch;
    await watch.lookNow();
    await watch.lookNow();
    expect((await standIn.questions()).toSorted()).toEqual(
      [MAIN, MAIN, '--query-gpu=uuid,pci.bus_id --format=csv,noheader', 'topo -m'].toSorted(),
    );
  });

  test('for MIG instances, only where a card has MIG on', async () => {
    await using standIn = await StandInNvidiaSmi.of('eight-a100-mig');
    const { watch } = watched(standIn.path);
    await using _ = watch;
    await watch.lookNow();
    expect((await standIn.questions()).filter((question) => question === '-L')).toHaveLength(1);
  });

  test('where they sit again when they are others', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch } = watched(standIn.path);
    await using _ = watch;
    await watch.lookNow();
    await standIn.use('four-a40');
    await watch.lookNow();
    expect((await standIn.questions()).filter((question) => question === 'topo -m')).toHaveLength(2);
  });

  test('a stand-in that answers every question with the cards does no harm', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'nvidia-smi');
    const row = '0, GPU-1, NVIDIA A100-SXM4-80GB, 81920, 1, 0, 30, 60.00, Disabled, 550.54';
    await writeFile(path, `#!/bin/sh\necho '${row}'\n`);
    await chmod(path, 0o755);
    const { watch } = watched(path);
    await using _ = watch;
    expect(await watch.detected()).toMatchObject({ gpus: [{ uuid: 'GPU-1' }], reason: null });
  });
});

describe('when is looked', () => {
  test('latest() tells what is known, before the first look nothing; detected() waits for it', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch } = watched(standIn.path);
    await using _ = watch;
    expect(watch.latest().gpus).toEqual([]);
    expect((await watch.detected()).gpus).toHaveLength(2);
    expect(watch.latest().gpus).toHaveLength(2);
  });

  test('whoever asks while a look is under way shares it', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch } = watched(standIn.path);
    await using _ = watch;
    await Promise.all([watch.detected(), watch.fresh(), watch.detected()]);
    expect(await looks(standIn)).toBe(1);
  });

  test('lookNow() is not answered by a look that began before it; those that ask meanwhile share the next', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch } = watched(standIn.path);
    await using _ = watch;
    await Promise.all([watch.detected(), watch.lookNow(), watch.lookNow(), watch.lookNow()]);
    expect(await looks(standIn)).toBe(2);
  });

  test('fresh() looks again only where the last look is older than 2 s', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    let now = 0;
    const { watch } = watched(standIn.path, { now: () => now });
    await using _ = watch;
    await watch.fresh();
    now = 1_999;
    await watch.fresh();
    expect(await looks(standIn)).toBe(1);
    now = 2_000;
    await watch.fresh();
    expect(await looks(standIn)).toBe(2);
  });

  test('again and again while somebody needs a GPU', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch } = watched(standIn.path, { isBusy: () => true, times: { busyMs: 5 } });
    await using _ = watch;
    watch.start();
    await vi.waitFor(async () => expect(await looks(standIn)).toBeGreaterThan(3), 5_000);
  });

  test('seldom while nobody does, and at once when somebody begins to', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    let busy = false;
    const asked = Promise.withResolvers<void>();
    let ticks = 0;
    const { watch } = watched(standIn.path, {
      isBusy: () => {
        ticks += 1;
        if (ticks === 10) asked.resolve();
        return busy;
      },
      times: { busyMs: 5, idleMs: 60_000 },
    });
    await using _ = watch;
    watch.start();
    await asked.promise;
    expect(await looks(standIn)).toBe(1);
    busy = true;
    await vi.waitFor(async () => expect(await looks(standIn)).toBeGreaterThan(2), 5_000);
  });
});

describe('a machine without NVIDIA’s driver', () => {
  test.each(['nvidia-smi-that-is-not-there', '/not/there/nvidia-smi'])('is ordinary: %s', async (path) => {
    const { watch, lines } = watched(path, { isBusy: () => true, times: { busyMs: 1 } });
    await using _ = watch;
    watch.start();
    const none = { gpus: [], reason: 'no NVIDIA driver (nvidia-smi is not installed)' };
    expect(await watch.detected()).toMatchObject(none);
    await watch.lookNow();
    await watch.lookNow();
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [30, 'no GPUs: no NVIDIA driver (nvidia-smi is not installed)'],
    ]);
  });

  test('is not asked all the time, whoever waits for a GPU', async () => {
    const ticked = Promise.withResolvers<void>();
    let asked = 0;
    let ticks = 0;
    const { watch } = watched('nvidia-smi-that-is-not-there', {
      isBusy: () => {
        asked += 1;
        return true;
      },
      now: () => {
        ticks += 1;
        if (ticks === 20) ticked.resolve();
        return 0;
      },
      times: { busyMs: 1 },
    });
    await using _ = watch;
    watch.start();
    await ticked.promise;
    expect(asked).toBe(0);
  });

  test('and what is no program can not be started, which is told', async () => {
    await using folder = await temporaryFolder();
    const { watch } = watched(folder.path);
    await using _ = watch;
    expect((await watch.detected()).reason).toMatch(/^nvidia-smi can't be started: .*EACCES/);
  });
});

describe('a driver that hangs', () => {
  test('is given up by the deadline, and another process is not left to it', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch } = watched(standIn.path, { times: { deadlineMs: 200 } });
    await using _ = watch;
    await watch.detected();
    await standIn.hang();
    expect((await watch.lookNow()).reason).toBe(
      'nvidia-smi hangs for 0.2 s: a card or its driver is stuck. See dmesg; reboot.',
    );
    await standIn.use('two-3090');
    expect((await watch.lookNow()).reason).toBeNull();
  });

  test('even behind a wrapper whose child keeps its output open', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'nvidia-smi');
    await writeFile(path, '#!/bin/sh\nsleep 600 &\necho $! >"$0.child"\nwait\n');
    await chmod(path, 0o755);
    const { watch } = watched(path, { times: { deadlineMs: 300 } });
    await using _ = watch;
    expect((await watch.detected()).reason).toMatch(/^nvidia-smi hangs/);
    const child = (await readFile(`${path}.child`, 'utf8')).trim();
    await vi.waitFor(async () => expect(await isAlive(child)).toBe(false), 5_000);
  });

  test('does not keep berthd from ending', async () => {
    await using standIn = await StandInNvidiaSmi.of('hanging');
    const { watch } = watched(standIn.path, { times: { deadlineMs: 3_600_000 } });
    watch.start();
    const detected = watch.detected();
    await vi.waitFor(async () => expect(await standIn.questions()).toHaveLength(1), 5_000);
    await watch[Symbol.asyncDispose]();
    expect((await detected).gpus).toEqual([]);
  });

  test('a flood of output is cut short', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'nvidia-smi');
    await writeFile(path, '#!/bin/sh\nexec yes\n');
    await chmod(path, 0o755);
    const { watch } = watched(path);
    await using _ = watch;
    expect((await watch.detected()).reason).toMatch(/^nvidia-smi says no end of things/);
  });

  test('that is killed by somebody else is told so', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'nvidia-smi');
    await writeFile(path, '#!/bin/sh\nkill -SEGV $$\n');
    await chmod(path, 0o755);
    const { watch } = watched(path);
    await using _ = watch;
    expect((await watch.detected()).reason).toBe(
      'nvidia-smi was ended by SIGSEGV. Run it yourself; see dmesg.',
    );
  });
});

describe('who is told', () => {
  test('listeners of other devices and other states, not of readings', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch } = watched(standIn.path);
    await using _ = watch;
    const told: string[][] = [];
    const listen = ({ gpus }: GpuInventory) => told.push(gpus.map((gpu) => gpu.state.kind));
    const end = watch.onChange(listen);
    const { gpus } = await watch.detected();
    await standIn.mark(gpus[0]?.uuid ?? '', '5');
    await watch.lookNow();
    expect(watch.latest().gpus[0]?.reading.temperature).toBe(5);
    await standIn.mark(gpus[0]?.uuid ?? '', '[GPU is lost]');
    await watch.lookNow();
    expect(told).toEqual([
      ['usable', 'usable'],
      ['lost', 'usable'],
    ]);
    end();
    await standIn.use('two-3090');
    await watch.lookNow();
    expect(told).toHaveLength(2);
  });

  test('a listener that fails ends neither the watch nor what the others learn', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch, lines } = watched(standIn.path);
    await using _ = watch;
    let told = 0;
    watch.onChange(() => {
      throw new Error('no');
    });
    watch.onChange(() => {
      told += 1;
    });
    expect((await watch.detected()).gpus).toHaveLength(2);
    expect(told).toBe(1);
    expect(lines.filter(({ level }) => level === 50)).toHaveLength(1);
  });

  test('the log, once of what was found and once of each change', async () => {
    await using standIn = await StandInNvidiaSmi.of('two-3090');
    const { watch, lines } = watched(standIn.path, { times: { deadlineMs: 200 } });
    await using _ = watch;
    await watch.lookNow();
    await watch.lookNow();
    await standIn.use('driver-mismatch');
    await watch.lookNow();
    await watch.lookNow();
    await standIn.use('two-3090');
    await watch.lookNow();
    expect(lines.map(({ level, msg, reason }) => [level, msg, reason])).toEqual([
      [30, 'GPUs: 2× NVIDIA GeForce RTX 3090', undefined],
      [
        40,
        'not all is well with the GPUs',
        "the driver's library and kernel module differ in version. Reboot: an upgrade is half done.",
      ],
      [30, 'all GPUs are well again', undefined],
    ]);
  });
});
