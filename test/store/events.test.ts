import { afterEach, beforeEach, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/event.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type EventFilter, EventStore } from '../../src/store/events.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ALL: EventFilter = { owner: null, containerId: null };
const NEVER = new AbortController().signal;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let database: Database;
let store: EventStore;

beforeEach(async () => {
  folder = await temporaryFolder();
  database = openDatabase(folder.path);
  store = new EventStore(database, () => 1_700_000_000_123, 10);
});
afterEach(async () => {
  await database.destroy();
  await folder[Symbol.asyncDispose]();
});

function event(owner: string | null, containerId: string | null = null): NewEvent {
  return { kind: 'deployed', owner, containerId, name: 'web', revision: 2, reason: 'why', gpus: ['GPU-1'] };
}

const ids = async (filter: EventFilter, after = 0) =>
  (await store.page(after, filter, 100)).events.map(({ id }) => id);

test('an event is kept as it was recorded, with its number and time', async () => {
  await store.add(event('ann', 'c1'));
  const { events } = await store.page(0, ALL, 100);
  expect(events).toEqual([{ id: 1, at: new Date(1_700_000_000_123), ...event('ann', 'c1') }]);
});

test('a reader is told what is meant for them: by owner, by container, or all', async () => {
  await store.add(event('ann', 'c1'), event('bob', 'c2'), event(null), event('ann', 'c3'));
  expect(await ids(ALL)).toEqual([1, 2, 3, 4]);
  expect(await ids({ owner: 'ann', containerId: null })).toEqual([1, 4]);
  expect(await ids({ owner: 'ann', containerId: 'c3' })).toEqual([4]);
  expect(await ids({ owner: null, containerId: 'c2' })).toEqual([2]);
  expect(await store.has({ owner: 'bob', containerId: 'c2' })).toBe(true);
  expect(await store.has({ owner: 'bob', containerId: 'c1' })).toBe(false);
});

test('the newest are kept, and a number is never given twice', async () => {
  await store.add(...Array.from({ length: 25 }, () => event('ann')));
  expect(await ids(ALL)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
  expect(await store.page(0, ALL, 3)).toMatchObject({ oldest: 16, through: 18, whole: false });
  expect(await store.page(18, { owner: 'bob', containerId: null }, 3)).toMatchObject({
    through: 25,
    whole: true,
  });
});

test('a tail begins with the last of those that the reader is told', async () => {
  const mine = { owner: 'ann', containerId: null };
  expect(await store.opening(mine, 'all')).toEqual({ after: 0, newest: 0 });
  await store.add(event('ann'), event('ann'), event('bob'), event('ann'), event('bob'));
  expect(await store.opening(mine, 2)).toEqual({ after: 1, newest: 5 });
  expect(await store.opening(mine, 0)).toEqual({ after: 5, newest: 5 });
  expect(await store.opening(mine, 100)).toEqual({ after: 0, newest: 5 });
  await store.add(...Array.from({ length: 10 }, () => event('bob')));
  expect(await store.opening(mine, 'all')).toEqual({ after: 5, newest: 15 });
  expect(await store.opening(mine, 3)).toEqual({ after: 5, newest: 15 });
});

test('what is recorded after a page was read wakes its reader, before it waits or while it does', async () => {
  const before = await store.page(0, ALL, 100);
  await store.add(event('ann'));
  await store.more(before.mark, NEVER);
  const { mark } = await store.page(0, ALL, 100);
  const woken = store.more(mark, NEVER);
  await store.add(event('ann'));
  await woken;
});

test('what is recorded in a transaction that fails never happened, and its readers go on waiting', async () => {
  const failing = database.transaction().execute(async (trx) => {
    await store.record(trx, event('ann'));
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  const { events, mark } = await store.page(0, ALL, 100);
  expect(events).toEqual([]);
  const leaving = new AbortController();
  const waiting = store.more(mark, leaving.signal);
  leaving.abort();
  await expect(waiting).rejects.toThrow(/abort/);
  await store.add(event('ann'));
  expect(await ids(ALL)).toEqual([1]);
});
