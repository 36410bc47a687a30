import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gpu, GpuNeed } from '../../src/domain/gpu.ts';
import { fits, isGpuWord, suitableGpus } from '../../src/domain/gpu-match.ts';
import { device } from '../support/gpu-devices.ts';

const GIB = 1024 ** 3;
const ANY: GpuNeed = { count: 1, memoryBytes: null, wishes: null };

const a40 = device('A40', 'a100', 40, { name: 'NVIDIA A100-SXM4-40GB' });
const a80 = device('A80', 'a100', 80, { name: 'NVIDIA A100-SXM4-80GB' });
const b80 = { ...a80, uuid: 'B80' };
const t4 = device('T4', 't4', 15);
const t4b = { ...t4, uuid: 'T4b' };
const odd = device('ODD', null, 8, { name: 'NVIDIA Odd 9000' });
const shared = device('SHARED', null, null, { name: 'NVIDIA GB10' });
const mig = device('MIG-1', 'h100', 10, { kind: 'mig', name: 'NVIDIA H100 PCIe MIG 1g.10gb' });
const mig2 = { ...mig, uuid: 'MIG-2' };
const migOfA100 = device('MIG-A', 'a100', 5, { kind: 'mig', name: 'NVIDIA A100-SXM4-40GB MIG 1g.5gb' });
const machine = [a40, a80, t4, b80, odd, shared, mig, t4b, mig2, migOfA100];

function found(wishes: readonly string[] | null, memoryBytes: number | null = null, gpus = machine) {
  return suitableGpus(gpus, { count: 1, memoryBytes, wishes }).map((group) => group.map(({ uuid }) => uuid));
}

describe('which devices would do', () => {
  test('without a wish any, those with the least memory first, and unknown memory last', () => {
    expect(found(null)).toEqual([
      ['MIG-A'],
      ['ODD'],
      ['MIG-1', 'MIG-2'],
      ['T4', 'T4b'],
      ['A40', 'A80', 'B80'],
      ['SHARED'],
    ]);
  });

  test('by code or name in any case, in the order of the wishes', () => {
    expect(found(['T4', 'NVIDIA a100'])).toEqual([
      ['T4', 'T4b'],
      ['A40', 'A80', 'B80'],
    ]);
  });

  test('by the name of a card, which takes cards of that name alone', () => {
    expect(found(['nvidia a100-sxm4-80gb'])).toEqual([['A80', 'B80']]);
    expect(found(['NVIDIA odd 9000'])).toEqual([['ODD']]);
  });

  test('two names of one model are taken apart first, then together', () => {
    expect(found(['NVIDIA A100-SXM4-80GB', 'NVIDIA A100-SXM4-40GB'])).toEqual([
      ['A80', 'B80'],
      ['A40'],
      ['A40', 'A80', 'B80'],
    ]);
  });

  test('MIG instances by their model only where the machine has no whole card of it, and always by their name', () => {
    expect(found(['h100'])).toEqual([['MIG-1', 'MIG-2']]);
    expect(found(['nvidia h100 pcie'])).toEqual([['MIG-1', 'MIG-2']]);
    expect(found(['NVIDIA A100-SXM4-40GB MIG 1g.5gb'])).toEqual([['MIG-A']]);
    expect(found(['NVIDIA A100-SXM4-40GB'])).toEqual([['A40']]);
    expect(found(['a100'], null, [migOfA100])).toEqual([['MIG-A']]);
  });

  test('MIG instances of one profile together and those of others apart, the smallest first', () => {
    const large = device('MIG-L', 'h100', 40, { kind: 'mig', name: 'NVIDIA H100 PCIe MIG 3g.40gb' });
    const split = [large, mig, mig2];
    for (const wishes of [null, ['h100'], ['NVIDIA H100 PCIe']])
      expect(found(wishes, null, split)).toEqual([['MIG-1', 'MIG-2'], ['MIG-L']]);
    expect(found([large.name, mig.name], null, split)).toEqual([['MIG-L'], ['MIG-1', 'MIG-2']]);
    expect(found(['h100'], 11 * GIB, split)).toEqual([['MIG-L']]);
  });

  test('with so much memory, known to be that', () => {
    expect(found(null, 40 * GIB)).toEqual([['A40', 'A80', 'B80']]);
    expect(found(['a100'], 41 * GIB)).toEqual([['A80', 'B80']]);
    expect(found(['nvidia gb10'], 1)).toEqual([]);
  });

  test('whatever state they are in', () => {
    const lost: Gpu = { ...t4, state: { kind: 'lost', reason: 'off the bus' } };
    expect(found(['t4'], null, [lost])).toEqual([['T4']]);
  });
});

describe('why nothing would do', () => {
  test.each([
    ['no GPU at all', ANY, [], { kind: 'no-gpus' }],
    ['none of the wished', { ...ANY, wishes: ['v100', '4090'] }, machine, { kind: 'no-such-model' }],
    ['too many of one model', { ...ANY, count: 4 }, machine, { kind: 'too-many', most: [a40, a80, b80] }],
    [
      'too many of a name',
      { ...ANY, count: 3, wishes: ['NVIDIA A100-SXM4-80GB'] },
      machine,
      { kind: 'too-many', most: [a80, b80] },
    ],
    [
      'more memory than any has',
      { ...ANY, memoryBytes: 81 * GIB },
      machine,
      { kind: 'too-much-memory', largestBytes: 80 * GIB },
    ],
    [
      'more memory than so many have',
      { ...ANY, count: 3, memoryBytes: 41 * GIB },
      machine,
      { kind: 'too-much-memory', largestBytes: 40 * GIB },
    ],
    [
      'memory of what has none of its own',
      { ...ANY, memoryBytes: 1 },
      [shared],
      { kind: 'too-much-memory', largestBytes: null },
    ],
  ] as const)('%s', (_case, need, gpus, fit) => {
    expect(fits(gpus, need)).toEqual(fit);
  });
});

test('a word is one of the catalogue or the name of a card here, and no other', () => {
  expect(['4090', 'NVIDIA RTX-4090', 'nvidia odd 9000'].filter((word) => !isGpuWord(word, machine))).toEqual(
    [],
  );
  // The Kelvin sign is a "k" in lower case.
  const others = ['', 'NVIDIA Odd', 'GPU-1', '\u212a80', 'nvidia odd 9000 '];
  expect(others.filter((word) => isGpuWord(word, machine))).toEqual([]);
  expect(isGpuWord('nvidia odd 9000', [])).toBe(false);
});

describe('for whatever machine and need', () => {
  const gpus = fc.uniqueArray(fc.constantFrom(...machine), { maxLength: 10 });
  const word = fc.constantFrom('a100', 'T4', 'Nvidia h100', '4090', ...machine.map(({ name }) => name));
  const need = fc.record({
    count: fc.integer({ min: 1, max: 5 }),
    memoryBytes: fc.option(fc.integer({ min: 1, max: 90 }).map((gib) => gib * GIB)),
    wishes: fc.option(fc.array(word, { minLength: 1, maxLength: 4 })),
  });

  test('a group is of one kind and model, and has the memory', () => {
    fc.assert(
      fc.property(gpus, need, (all, wanted) => {
        for (const group of suitableGpus(all, wanted)) {
          expect(group).not.toEqual([]);
          expect(new Set(group.map(({ kind, model, name }) => `${kind} ${model?.code ?? name}`)).size).toBe(
            1,
          );
          expect(group.filter((gpu) => !all.includes(gpu))).toEqual([]);
          const { memoryBytes } = wanted;
          if (memoryBytes !== null)
            expect(group.every((gpu) => (gpu.memoryBytes ?? 0) >= memoryBytes)).toBe(true);
        }
      }),
    );
  });

  test('without a wish every device is in one group', () => {
    fc.assert(
      fc.property(gpus, (all) => {
        expect(suitableGpus(all, ANY).flat().toSorted(byUuid)).toEqual(all.toSorted(byUuid));
      }),
    );
  });

  test('it fits exactly where a group has as many as are needed', () => {
    fc.assert(
      fc.property(gpus, need, (all, wanted) => {
        const some = suitableGpus(all, wanted).some(({ length }) => length >= wanted.count);
        expect(fits(all, wanted).kind === 'ok').toBe(some);
      }),
    );
  });

  test('as many, and as much memory, as a refusal says there is would do, and no more', () => {
    fc.assert(
      fc.property(gpus, need, (all, wanted) => {
        const fit = fits(all, wanted);
        const kindWith = (change: Partial<GpuNeed>) => fits(all, { ...wanted, ...change }).kind;
        if (fit.kind === 'too-many') {
          const { length } = fit.most;
          expect(kindWith({ count: length })).not.toBe('too-many');
          expect(kindWith({ count: length + 1 })).toBe('too-many');
        }
        if (fit.kind !== 'too-much-memory') return;
        const { largestBytes } = fit;
        expect(kindWith({ memoryBytes: largestBytes ?? 1 })).toBe(
          largestBytes === null ? 'too-much-memory' : 'ok',
        );
        expect(kindWith({ memoryBytes: (largestBytes ?? 0) + 1 })).toBe('too-much-memory');
      }),
      { numRuns: 500 },
    );
  });
});

function byUuid(a: Gpu, b: Gpu): number {
  return a.uuid < b.uuid ? -1 : 1;
}
