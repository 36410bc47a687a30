import { expect, test } from 'vitest';
import type { Gpu } from '../../src/domain/gpu.ts';
import { GpuLosses, lossOf } from '../../src/reconcile/gpu-losses.ts';
import { card, cards, held } from '../schedule/gpus.ts';

const OFF_BUS = 'the GPU at 0000:81:00 fell off the bus';
const broken: Gpu = { ...card(0), state: { kind: 'lost', reason: 'needs a reset' } };
const silent: Gpu = { ...card(0), state: { kind: 'unknown', reason: 'nvidia-smi hangs' } };

test.each([
  ['broken', ['GPU-0'], [broken, card(1)], null, 'needs a reset'],
  ['not in the machine', ['GPU-9'], cards(2), null, 'GPU-9 is not in this machine any more'],
  [
    'one that broke while berthd was away, which the driver names by its place',
    ['GPU-1', 'GPU-9'],
    cards(2),
    OFF_BUS,
    `GPU-9 is not in this machine any more: ${OFF_BUS}`,
  ],
])('a device is lost that is %s', (_, gpus, seen, reason, why) => {
  expect(lossOf(held('x', gpus, { revision: 2 }), { gpus: seen, reason })).toEqual([[2, why]]);
});

test.each([
  ['well', ['GPU-0'], cards(2), null],
  ['not to be seen while the driver hangs', ['GPU-0'], [silent], 'nvidia-smi hangs'],
  ['not to be seen while the driver tells of none', ['GPU-0'], [], 'the driver is not loaded'],
  ['a MIG instance while those are not listed', ['MIG-1'], cards(2), 'nvidia-smi -L fails'],
])('a device is not lost that is %s', (_, gpus, seen, reason) => {
  expect(lossOf(held('x', gpus), { gpus: seen, reason })).toEqual([]);
});

test('a loss is told once to each holder, also of a device that was never seen; then that it is back; then anew', () => {
  const losses = new GpuLosses();
  const holdings = [held('x', ['GPU-0']), held('y', ['GPU-9'])];
  const told = (gpus: readonly Gpu[]) =>
    losses
      .newSince({ gpus, reason: null }, holdings)
      .map(({ kind, name, gpus: [uuid], reason }) => [kind, name, uuid, reason]);
  expect(told([broken, card(1)])).toEqual([
    ['gpu-lost', 'name-of-x', 'GPU-0', 'GPU 0 (NVIDIA A100): needs a reset'],
    ['gpu-lost', 'name-of-y', 'GPU-9', 'GPU-9 is not in this machine any more'],
  ]);
  expect(told([broken, card(1)])).toEqual([]);
  expect(told(cards(2))).toEqual([['gpu-found', null, 'GPU-0', 'GPU 0 (NVIDIA A100) is back']]);
  expect(told([broken, card(1)])).toEqual([
    ['gpu-lost', 'name-of-x', 'GPU-0', 'GPU 0 (NVIDIA A100): needs a reset'],
  ]);
});

test('a loss that meets nobody is the machine’s', () => {
  expect(new GpuLosses().newSince({ gpus: [broken], reason: null }, [])).toMatchObject([
    { kind: 'gpu-lost', owner: null, containerId: null, gpus: ['GPU-0'] },
  ]);
});
