import { expect, test } from 'vitest';
import { WorkQueue } from '../../src/reconcile/work-queue.ts';

/** A queue whose passes end when the test says so. */
function queueOf(width = 8) {
  const running: { key: string; end: (error?: Error) => void }[] = [];
  const failures: number[] = [];
  const begun: string[] = [];
  const waiting: (() => void)[] = [];
  const queue = new WorkQueue({
    width,
    pass: (key) => {
      begun.push(key);
      for (const wake of waiting.splice(0)) wake();
      return new Promise((resolve, reject) => {
        running.push({ key, end: (error) => (error === undefined ? resolve() : reject(error)) });
      });
    },
    onFailure: (_key, _error, retryInMs) => failures.push(retryInMs),
  });
  const begins = async (count: number) => {
    while (begun.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const endAll = () => {
    for (const { end } of running.splice(0)) end();
  };
  return { queue, running, failures, begun, begins, endAll };
}

test('two passes of one key never run at once; what came meanwhile gets one more pass', async () => {
  const { queue, begun, begins, endAll } = queueOf();
  queue.add('a');
  queue.add('a');
  queue.add('a');
  expect(begun).toEqual(['a']);
  endAll();
  await begins(2);
  endAll();
  await queue[Symbol.asyncDispose]();
  expect(begun).toEqual(['a', 'a']);
});

test('no more run at once than the queue is wide', async () => {
  const { queue, begun, begins, endAll } = queueOf(2);
  for (const key of ['a', 'b', 'c']) queue.add(key);
  expect(begun).toEqual(['a', 'b']);
  endAll();
  await begins(3);
  expect(begun).toEqual(['a', 'b', 'c']);
  endAll();
  await queue[Symbol.asyncDispose]();
});

test('a pass that throws is run again, later each time', async () => {
  const { queue, running, failures, begins } = queueOf();
  queue.add('a');
  for (let pass = 1; pass <= 2; pass++) {
    await begins(pass);
    running.splice(0)[0]?.end(new Error('no'));
  }
  await begins(3);
  running.splice(0)[0]?.end();
  await queue[Symbol.asyncDispose]();
  expect(failures).toEqual([500, 1000]);
});

test('the sooner of two times counts', async () => {
  const { queue, begins, endAll } = queueOf();
  queue.addAfter('a', 60_000);
  queue.addAfter('a', 1);
  queue.addAfter('a', 60_000);
  await begins(1);
  endAll();
  await queue[Symbol.asyncDispose]();
});

test('nothing begins once it is closed', async () => {
  const { queue, begun } = queueOf();
  await queue[Symbol.asyncDispose]();
  queue.add('a');
  queue.addAfter('a', 0);
  expect(begun).toEqual([]);
});
