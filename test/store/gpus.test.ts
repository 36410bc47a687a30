import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ContainerStore } from '../../src/store/containers.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { EventStore } from '../../src/store/events.ts';
import { type GpuDecisions, GpuStore } from '../../src/store/gpus.ts';
import { spec } from '../reconcile/situations.ts';
import { held } from '../schedule/gpus.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NOW = new Date(0);

describe('the books of GPUs', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let db: Database;
  let containers: ContainerStore;
  let books: GpuStore;
  beforeEach(async () => {
    folder = await temporaryFolder();
    db = openDatabase(folder.path);
    const events = new EventStore(db, () => 0);
    containers = new ContainerStore(db, events);
    books = new GpuStore(db, events);
  });
  afterEach(async () => {
    await db.destroy();
    await folder[Symbol.asyncDispose]();
  });

  async function create(id: string, gpu = 1): Promise<void> {
    await containers.create({ id, createdBy: 'ada', spec: { ...spec(), gpu }, hostnames: [id], now: NOW });
  }

  async function update(id: string, gpu: number, env: Record<string, string> = {}): Promise<void> {
    await containers.update(id, () => ({ spec: { ...spec(), gpu, env }, hostnames: [id] }), NOW);
  }

  async function decide(decisions: Partial<GpuDecisions>): Promise<void> {
    await books.settle(() => ({ grants: [], overtaken: [], reasonFor: () => 'all are taken', ...decisions }));
  }

  async function queue(): Promise<readonly (readonly [string, number])[]> {
    const { now } = await books.settle(() => ({ grants: [], overtaken: [], reasonFor: () => null }));
    return now.waiting.map(({ container, overtaken }) => [container.id, overtaken] as const);
  }

  test('a container that wants GPUs waits from its creation on, in the order of creation', async () => {
    await create('a');
    await create('none', 0);
    await create('b');
    expect(await queue()).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
  });

  test('an update keeps the place, and with another wish begins to be patient anew', async () => {
    await create('a');
    await create('b');
    await decide({ overtaken: ['a'] });
    await update('a', 1, { MORE: 'env' });
    expect(await queue()).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
    await update('a', 2);
    expect(await queue()).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
  });

  test('that a container waits is told once, and why', async () => {
    await create('a');
    await decide({});
    await decide({});
    const told = await db.selectFrom('events').selectAll().where('kind', '=', 'gpu-waiting').execute();
    expect(told.map(({ data }) => JSON.parse(data))).toMatchObject([
      { revision: 1, reason: 'all are taken' },
    ]);
  });

  test('who got everything it wants, or wants nothing any more, leaves the queue', async () => {
    await create('a');
    await create('b');
    await update('b', 0);
    await decide({ grants: [held('a', ['GPU-0'])] });
    expect(await queue()).toEqual([]);
  });

  test('a device that is held whole can’t be written down for another, whatever was decided', async () => {
    await create('a');
    await create('b');
    await decide({ grants: [held('a', ['GPU-0'])] });
    await expect(decide({ grants: [held('b', ['GPU-0'])] })).rejects.toThrow('held by another container');
    await expect(decide({ grants: [held('b', ['GPU-0'], { memoryBytes: 1 })] })).rejects.toThrow();
    expect(await books.holdings()).toEqual([held('a', ['GPU-0'])]);
  });

  test('a holding outlives its container until it is freed', async () => {
    await create('a');
    await decide({ grants: [held('a', ['GPU-0'])] });
    await containers.delete('a');
    expect(await books.holdings('a')).toEqual([held('a', ['GPU-0'])]);
    await books.release('a', 1, true);
    expect(await books.holdings('a')).toEqual([]);
    expect(await queue()).toEqual([]);
  });

  test('who lost its GPUs waits before all others', async () => {
    await create('a');
    await decide({ grants: [held('a', ['GPU-0'])] });
    await create('b');
    await books.release('a', 1, true);
    expect((await queue()).map(([id]) => id)).toEqual(['a', 'b']);
  });

  test('once the old one is gone nothing is left of a takeover', async () => {
    await create('a');
    const share = { memoryBytes: 10 };
    await decide({ grants: [held('a', ['GPU-0'], share)] });
    await update('a', 1);
    await decide({ grants: [held('a', ['GPU-0'], { ...share, revision: 2, handover: true })] });
    await books.release('a', 1, false);
    expect(await books.holdings('a')).toEqual([held('a', ['GPU-0'], { ...share, revision: 2 })]);
  });

  test('whoever should have GPUs and has none is put into the queue again', async () => {
    await create('a');
    await create('b');
    await decide({ grants: [held('a', ['GPU-0'])] });
    await db.deleteFrom('gpu_queue').execute();
    await db.deleteFrom('gpu_holdings').execute();
    await books.enlistAll();
    expect((await queue()).map(([id]) => id)).toEqual(['a', 'b']);
  });

  test('what was decided in a transaction that fails was never said', async () => {
    await create('a');
    const before = await db.selectFrom('events').select('id').execute();
    await expect(
      books.settle(() => {
        throw new Error('no decision');
      }),
    ).rejects.toThrow('no decision');
    expect(await db.selectFrom('events').select('id').execute()).toEqual(before);
  });
});
