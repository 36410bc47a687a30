import { expect, test } from 'vitest';
import { Merge } from '../../src/logs/merge.ts';

async function* from<T>(values: readonly T[], onTaken: (value: T) => void = () => undefined) {
  for (const value of values) {
    onTaken(value);
    yield value;
  }
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** Never yields; ends when the signal aborts. */
async function* silent(signal: AbortSignal, onEnd: () => void): AsyncGenerator<never> {
  try {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  } finally {
    onEnd();
  }
}

test('several streams come as one, each in its own order', async () => {
  const merge = new Merge<string>(() => undefined);
  merge.add(from(['a1', 'a2', 'a3']));
  merge.add(from(['b1', 'b2']));
  const all = await collect(merge.values());
  expect(all.filter((value) => value.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  expect(all.filter((value) => value.startsWith('b'))).toEqual(['b1', 'b2']);
});

test('of each stream no more is taken than one value ahead of the reader', async () => {
  const taken: number[] = [];
  const merge = new Merge<number>(() => undefined);
  for (const base of [0, 100])
    merge.add(
      from(
        [1, 2, 3, 4, 5].map((i) => base + i),
        (value) => taken.push(value),
      ),
    );
  const values = merge.values();
  for (let read = 1; read <= 4; read++) {
    await values.next();
    await new Promise(setImmediate);
    expect(taken.length).toBeLessThanOrEqual(read + 2);
  }
  await values.return();
});

test('leaving the loop ends the streams that wait', async () => {
  const end = new AbortController();
  let ended = false;
  const merge = new Merge<string>(() => end.abort());
  merge.add(from(['one', 'two']));
  merge.add(silent(end.signal, () => (ended = true)));
  for await (const value of merge.values()) {
    expect(value).toBe('one');
    break;
  }
  expect(ended).toBe(true);
});

test('the failure of one stream ends all', async () => {
  const end = new AbortController();
  let ended = false;
  const merge = new Merge<string>(() => end.abort());
  merge.add(silent(end.signal, () => (ended = true)));
  merge.add(
    (async function* () {
      yield 'one';
      throw new Error('broken');
    })(),
  );
  await expect(collect(merge.values())).rejects.toThrow('broken');
  expect(ended).toBe(true);
});
