import { execFile } from 'node:child_process';
import { appendFile, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { GpuWatch, GpuWatchOptions } from '../../src/gpu/gpu-watch.ts';
import { fatalReason, parseXid } from '../../src/gpu/xid.ts';
import { StandInNvidiaSmi } from '../support/nvidia-smi.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { watched } from './watched.ts';

const OFF_BUS = '3,1520,98234411,-;NVRM: Xid (PCI:0000:41:00): 79, GPU has fallen off the bus.\n';
const SECOND = 'GPU-072b19bd-4ccf-63cf-6435-cf462aff833d';

describe('a record of the kernel’s log', () => {
  test.each([
    [OFF_BUS, '0000:41:00', 79, 'GPU has fallen off the bus.'],
    [
      '3,7,1,-;NVRM: Xid (PCI:0000:5E:00): 31, pid=79749, name=exe, Ch 0000000a, MMU Fault',
      '0000:5e:00',
      31,
      'pid=79749, name=exe, Ch 0000000a, MMU Fault',
    ],
    ['4,7,1,-;NVRM: Xid (0000:01:00): 3, C 00000005', '0000:01:00', 3, 'C 00000005'],
    ['3,7,1,-;NVRM: Xid (PCI:0000:41:00 GPU-I:05): 43, pid=1', '0000:41:00', 43, 'pid=1'],
    ['3,7,1,-;NVRM: Xid (PCI:000f:01:00): 62', '000f:01:00', 62, ''],
    [
      `${OFF_BUS} SUBSYSTEM=pci\n DEVICE=+pci:0000:41:00.0\n`,
      '0000:41:00',
      79,
      'GPU has fallen off the bus.',
    ],
  ])('%j', (record, address, code, text) => {
    expect(parseXid(record)).toEqual({ address, code, text });
  });

  test.each([
    ['was written by a process', '14,7,1,-;NVRM: Xid (PCI:0000:41:00): 79, GPU has fallen off the bus.'],
    ['only mentions one', '6,7,1,-;NVRM: Xid says (NVRM: Xid (PCI:0000:41:00): 79, gone)'],
    [
      'is of a process that is called so',
      '6,7,1,-;traps: NVRM: Xid (PCI:0000:41:00): 79, general protection',
    ],
    ['is of a switch', '3,7,1,-;nvidia-nvswitch0: SXid (PCI:0000:41:00): 20034, Fatal'],
    ['has no head', 'NVRM: Xid (PCI:0000:41:00): 79, GPU has fallen off the bus.'],
    ['is cut', '3,7,1,-;NVRM: Xid (PCI:0000:41'],
  ])('is no XID where it %s', (_, record) => {
    expect(parseXid(record)).toBeNull();
  });

  test('whatever the log holds, reading it does not fail, and takes no longer for it', () => {
    const piece = fc.constantFrom(
      '3,7,1,-;',
      'NVRM: Xid (',
      'PCI:',
      '0000:41:00',
      '): ',
      '79',
      ', ',
      '\n',
      '(',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
        const xid = parseXid(pieces.join(''));
        expect(xid === null || /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}$/.test(xid.address)).toBe(true);
      }),
    );
  });

  test('any card and code are read back', () => {
    const hex = (digits: number) =>
      fc.nat(16 ** digits - 1).map((number) => number.toString(16).padStart(digits, '0'));
    fc.assert(
      fc.property(hex(4), hex(2), hex(2), fc.nat(9999), (domain, bus, device, code) => {
        const address = `${domain}:${bus}:${device}`;
        const record = `3,1,1,-;NVRM: Xid (PCI:${address.toUpperCase()}): ${code}, text`;
        expect(parseXid(record)).toEqual({ address, code, text: 'text' });
      }),
    );
  });
});

describe('whether a card is lost with it', () => {
  const of = (code: number, text = '') => fatalReason({ address: '0000:41:00', code, text });

  test.each([46, 48, 62, 64, 79, 95, 119, 120, 140])('XID %i: yes', (code) => {
    expect(of(code)).toContain(`(XID ${code} in the kernel's log); reset the GPU or reboot the machine`);
  });

  test.each([13, 31, 43, 45, 63, 68, 74, 92, 94, 109])('XID %i: no', (code) => {
    expect(of(code)).toBeNull();
  });

  test.each([
    ['GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)', 'GPU Reset Required'],
    [
      'GPU recovery action changed from 0x1 (GPU Reset Required) to 0x2 (Node Reboot Required)',
      'Node Reboot Required',
    ],
  ])('XID 154, %s: yes', (text, action) => {
    expect(of(154, text)).toContain(`the driver asks for: ${action}`);
  });

  test.each([
    'GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)',
    'GPU recovery action changed from 0x0 (None) to 0x4 (Drain and Reset)',
    '',
  ])('XID 154, %j: no', (text) => {
    expect(of(154, text)).toBeNull();
  });
});

/** The devices that are lost, by uuid. */
function lostOf(watch: GpuWatch): readonly string[] {
  return watch.latest().gpus.flatMap(({ uuid, state }) => (state.kind === 'lost' ? [uuid] : []));
}

/** A watch that has looked once and follows a log. */
async function following(
  kernelLog: string,
  standIn: StandInNvidiaSmi,
  options: Partial<GpuWatchOptions> = {},
): Promise<ReturnType<typeof watched>> {
  const made = watched(standIn.path, { kernelLog, times: { kernelLogMs: 5 }, ...options });
  made.watch.start();
  await made.watch.detected();
  return made;
}

describe('a card that the kernel reports broken', () => {
  test('is lost at once, even while nvidia-smi still calls it well', async () => {
    await using folder = await temporaryFolder();
    const kernelLog = join(folder.path, 'kmsg');
    await writeFile(kernelLog, OFF_BUS.replace('0000:41', '0000:C1'));
    await using standIn = await StandInNvidiaSmi.of('four-a40');
    let now = 0;
    const { watch, lines } = await following(kernelLog, standIn, { now: () => now });
    await using _ = watch;
    const before = (await standIn.questions()).length;
    // What was in the log before is none of ours; what comes again and again is told once.
    await vi.waitFor(async () => {
      await appendFile(kernelLog, OFF_BUS);
      expect(lostOf(watch)).toHaveLength(1);
    }, 5_000);
    expect(lostOf(watch)).toEqual([SECOND]);
    expect(watch.latest().gpus.map((gpu) => gpu.state.kind)).toEqual(['usable', 'lost', 'usable', 'usable']);
    expect(watch.latest().reason).toMatch(/^GPU 1 \(NVIDIA A40\): the GPU has fallen off the bus/);
    await watch.lookNow();
    expect((await standIn.questions()).length).toBeGreaterThan(before);
    expect(watch.latest().gpus[1]?.state.kind).toBe('lost');
    now = 30_000;
    expect((await watch.lookNow()).gpus[1]?.state.kind).toBe('usable');
    expect(lines.filter(({ msg }) => msg === 'all GPUs are well again')).toHaveLength(1);
  });

  test('takes its MIG instances with it', async () => {
    await using folder = await temporaryFolder();
    const kernelLog = join(folder.path, 'kmsg');
    await writeFile(kernelLog, '');
    await using standIn = await StandInNvidiaSmi.of('a100-old-mig');
    const { watch } = await following(kernelLog, standIn);
    await using _ = watch;
    await vi.waitFor(async () => {
      await appendFile(kernelLog, OFF_BUS.replace('0000:41', '0000:36'));
      expect(lostOf(watch)).toHaveLength(3);
    }, 5_000);
    expect(watch.latest().gpus.map((gpu) => gpu.state.kind)).toEqual(['lost', 'lost', 'lost']);
  });

  test('by a program’s fault is not lost, and is looked at', async () => {
    await using folder = await temporaryFolder();
    const kernelLog = join(folder.path, 'kmsg');
    await writeFile(kernelLog, '');
    await using standIn = await StandInNvidiaSmi.of('four-a40');
    const { watch } = await following(kernelLog, standIn);
    await using _ = watch;
    const before = (await standIn.questions()).length;
    await vi.waitFor(async () => {
      await appendFile(kernelLog, OFF_BUS.replace(': 79', ': 31'));
      expect((await standIn.questions()).length).toBeGreaterThan(before);
    }, 5_000);
    expect(watch.latest().reason).toBeNull();
  });
});

describe('the log itself', () => {
  test('is read through a pipe, which is empty now and then, as the kernel’s is', async () => {
    await using folder = await temporaryFolder();
    const kernelLog = join(folder.path, 'kmsg');
    await promisify(execFile)('mkfifo', [kernelLog]);
    // With a writer, a pipe that holds nothing is empty and not at its end.
    await using writer = await open(kernelLog, 'r+');
    await using standIn = await StandInNvidiaSmi.of('four-a40');
    const { watch } = await following(kernelLog, standIn);
    await using _ = watch;
    const before = (await standIn.questions()).length;
    await vi.waitFor(async () => {
      await writer.write(OFF_BUS.replace(': 79', ': 31'));
      expect((await standIn.questions()).length).toBeGreaterThan(before);
    }, 5_000);
    await writer.write(OFF_BUS);
    await vi.waitFor(() => expect(lostOf(watch)).toEqual([SECOND]), 5_000);
  });

  test('that may not be read is told once, at debug level', async () => {
    await using standIn = await StandInNvidiaSmi.of('four-a40');
    const { watch, lines } = watched(standIn.path, { kernelLog: '/not/there' });
    await using _ = watch;
    watch.start();
    await watch.detected();
    await vi.waitFor(() => expect(lines.filter(({ level }) => level === 20)).toHaveLength(1), 5_000);
    expect(lines.filter(({ level }) => level > 30)).toEqual([]);
  });
});
