import { describe, expect, test } from 'vitest';
import type { Gpu, GpuHolding } from '../../src/domain/gpu.ts';
import type { GpuRequest } from '../../src/schedule/request.ts';
import { waitingWords } from '../../src/schedule/waiting-words.ts';
import { card, cards, held, request, share, whole } from './gpus.ts';

function words(one: GpuRequest, { before = [], holdings = [], reason = null }: Partial<Told> = {}): string {
  const line = [...before, one];
  return waitingWords(one, { line, holdings, reason });
}

interface Told {
  readonly before: readonly GpuRequest[];
  readonly holdings: readonly GpuHolding[];
  readonly reason: string | null;
}

describe('whoever waits is told', () => {
  const one = cards(1);

  test.each([
    [whole(1), 'a free GPU'],
    [whole(1, ['a100']), 'a free Nvidia a100'],
    [whole(2, ['A100']), '2 free Nvidia a100'],
    [whole(1, ['a100', 'Nvidia H100']), 'a free Nvidia a100'],
    [whole(1, ['nvidia A100']), 'a free Nvidia a100'],
    [share(8), '8Gi on a GPU'],
    [{ ...share(8), count: 2, wishes: ['a100'] }, '8Gi on each of 2 Nvidia a100'],
  ])('what for: %j', (need, what) => {
    expect(words(request(cards(2), 1, need))).toBe(`waiting for ${what}, 1st in line`);
  });

  test.each([
    [0, '1st'],
    [1, '2nd'],
    [2, '3rd'],
    [3, '4th'],
    [10, '11th'],
    [11, '12th'],
    [20, '21st'],
    [21, '22nd'],
    [110, '111th'],
  ])('at which place, behind %i', (count, place) => {
    const before = Array.from({ length: count }, (_, index) => request(one, index));
    expect(words(request(one, count), { before })).toContain(`, ${place} in line`);
  });

  test('at which place among those who want the same', () => {
    const mixed = [card(0, 'a100'), card(1, 't4')];
    const before = [request(mixed, 1, whole(1, ['t4']))];
    expect(words(request(mixed, 2, whole(1, ['a100'])), { before })).toContain('1st in line');
  });

  test('who holds what it wants: its user’s own by name, others’ by id alone', () => {
    const gpus = cards(2);
    const holdings = [held('mine', ['GPU-0']), held('theirs', ['GPU-1'], { owner: 'bob' })];
    expect(words(request(gpus, 1), { holdings })).toBe(
      'waiting for a free GPU, 1st in line; held by name-of-mine (mine), another user’s theirs',
    );
  });

  test('of many holders a few', () => {
    const gpus = cards(5);
    const holdings = gpus.map(({ uuid }, index) => held(`x${index}`, [uuid]));
    expect(words(request(gpus, 1), { holdings })).toMatch(/x0\), .*x1\), .*x2\), 2 more$/);
  });

  test('what is wrong with the cards', () => {
    const lost: Gpu = { ...card(0), state: { kind: 'lost', reason: 'fell off the bus: reboot' } };
    expect(words(request([lost], 1))).toBe(
      "waiting for a free GPU, 1st in line; GPU 0 can't be used: fell off the bus: reboot",
    );
  });

  test('what is wrong with several once', () => {
    const state = { kind: 'unknown', reason: 'nvidia-smi hangs' } as const;
    const silent = [2, 0, 1].map((index): Gpu => ({ ...card(index), state }));
    expect(words(request(silent, 1))).toBe(
      "waiting for a free GPU, 1st in line; GPU 0, 1 and 2 can't be used: nvidia-smi hangs",
    );
  });

  test('that the machine has none any more', () => {
    const wished = request([], 1, whole(1, ['T4', 'Nvidia H100']));
    expect(words(wished)).toMatch(
      /^waiting for a free Nvidia t4 or Nvidia h100, 1st in line; this machine has/,
    );
    expect(words(request([], 1), { reason: 'the driver is not loaded' })).toBe(
      'waiting for a free GPU, 1st in line; this machine has none at present: the driver is not loaded',
    );
  });
});
