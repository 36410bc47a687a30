import { sql } from 'kysely';
import type { Container } from '../domain/container.ts';
import { containerEvent } from '../domain/event.ts';
import { type GpuHolding, lackingGpus } from '../domain/gpu.ts';
import { findContainer, readContainer, type Trx } from './container-rows.ts';
import type { Database } from './database.ts';
import type { EventStore } from './events.ts';
import { joinGpuQueue, joinGpuQueueFirst } from './gpu-queue.ts';

/** A container that waits for GPUs. */
export interface WaitingContainer {
  readonly container: Container;
  /** Lower came earlier. */
  readonly place: number;
  readonly overtaken: number;
}

/** Who holds GPUs and who waits for them, at one moment. */
export interface GpuBooks {
  readonly holdings: readonly GpuHolding[];
  /** In the order in which they came. */
  readonly waiting: readonly WaitingContainer[];
}

/** What to write into the books. */
export interface GpuDecisions {
  readonly grants: readonly GpuHolding[];
  /** Containers that were overtaken, each as often as it stands here. */
  readonly overtaken: readonly string[];
  /** What a revision that waits on is told. */
  reasonFor(containerId: string, revision: number): string | null;
}

/** What a decision came to, and the books as they were before it. */
export interface Settled<Decisions> {
  readonly now: GpuBooks;
  readonly outcome: Decisions;
}

/** Which container holds which GPU, and who waits. Each method is one transaction. */
export class GpuStore {
  readonly #db: Database;
  readonly #events: EventStore;

  constructor(db: Database, events: EventStore) {
    this.#db = db;
    this.#events = events;
  }

  /** Everybody's holdings, or one container's. */
  async holdings(containerId: string | null = null): Promise<readonly GpuHolding[]> {
    return await this.#db.transaction().execute((trx) => readHoldings(trx, containerId));
  }

  /** Whether anybody waits. */
  async hasWaiting(): Promise<boolean> {
    const row = await this.#db.selectFrom('gpu_queue').select('place').limit(1).executeTakeFirst();
    return row !== undefined;
  }

  /** Puts every container into the queue that should have GPUs and has none: after a restart, or when a backup came back. */
  async enlistAll(): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const holdings = await readHoldings(trx, null);
      const rows = await trx.selectFrom('containers').select('id').orderBy('created_at').execute();
      for (const { id } of rows) {
        const container = await readContainer(trx, id);
        if (lackingGpus(container, holdings).length > 0) await joinGpuQueue(trx, id, false);
      }
    });
  }

  /** Decides by the books and writes what was decided, at once: nothing comes between. */
  async settle<Decisions extends GpuDecisions>(
    decide: (books: GpuBooks) => Decisions,
  ): Promise<Settled<Decisions>> {
    return await this.#db.transaction().execute(async (trx) => {
      const books = await readBooks(trx);
      const outcome = decide(books);
      const { grants, overtaken } = outcome;
      for (const grant of grants) await insertHolding(trx, grant);
      for (const id of overtaken) await countOvertaken(trx, id);
      const holdings = [...books.holdings, ...grants];
      for (const { container } of books.waiting) {
        const granted = grants.filter(({ containerId }) => containerId === container.id);
        for (const { revision, gpus } of granted)
          await this.#events.record(trx, containerEvent('gpu-taken', container, { revision, gpus }));
        const [lacking] = lackingGpus(container, holdings);
        if (lacking === undefined) await leaveQueue(trx, container.id);
        else if (await isUnannounced(trx, container.id)) {
          const reason = outcome.reasonFor(container.id, lacking.number);
          const detail = { revision: lacking.number, reason };
          await this.#events.record(trx, containerEvent('gpu-waiting', container, detail));
        }
      }
      return { now: books, outcome };
    });
  }

  /**
   * Frees what a revision holds: to be called once no process of it is left. `again` puts its container at the head of
   * the queue, where it still wants GPUs.
   */
  async release(containerId: string, revision: number, again: boolean): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const held = (await readHoldings(trx, containerId)).find((one) => one.revision === revision);
      if (held === undefined) return;
      await trx
        .deleteFrom('gpu_holdings')
        .where('container_id', '=', containerId)
        .where('revision', '=', revision)
        .execute();
      await endHandover(trx, containerId);
      const { owner, name, gpus } = held;
      await this.#events.record(trx, {
        kind: 'gpu-freed',
        ...{ owner, containerId, name, revision, reason: null, gpus },
      });
      const isThere = (await findContainer(trx, containerId)) !== undefined;
      if (again && isThere) await joinGpuQueueFirst(trx, containerId);
    });
  }
}

async function readBooks(trx: Trx): Promise<GpuBooks> {
  const queue = await trx.selectFrom('gpu_queue').selectAll().orderBy('place').execute();
  const waiting: WaitingContainer[] = [];
  for (const { container_id, place, overtaken } of queue) {
    waiting.push({ container: await readContainer(trx, container_id), place, overtaken });
  }
  return { holdings: await readHoldings(trx, null), waiting };
}

async function readHoldings(trx: Trx, containerId: string | null): Promise<readonly GpuHolding[]> {
  const rows = await trx
    .selectFrom('gpu_holdings')
    .selectAll()
    .$if(containerId !== null, (query) => query.where('container_id', '=', containerId ?? ''))
    .orderBy(sql`rowid`)
    .execute();
  const holdings = Map.groupBy(rows, (row) => `${row.container_id} ${row.revision}`);
  return [...holdings.values()].flatMap((devices) => {
    const [first] = devices;
    if (first === undefined) return [];
    return {
      containerId: first.container_id,
      revision: first.revision,
      owner: first.owner,
      name: first.name,
      gpus: devices.map(({ gpu }) => gpu),
      memoryBytes: first.memory,
      handover: first.handover === 1,
    };
  });
}

async function insertHolding(trx: Trx, holding: GpuHolding): Promise<void> {
  const { containerId, gpus, memoryBytes, handover, ...same } = holding;
  const of = { ...same, container_id: containerId, memory: memoryBytes, handover: handover ? 1 : 0 };
  await trx
    .insertInto('gpu_holdings')
    .values(gpus.map((gpu) => ({ ...of, gpu })))
    .execute();
}

/** Once nothing but one holding is left, it is in place of no other any more. */
async function endHandover(trx: Trx, containerId: string): Promise<void> {
  if ((await readHoldings(trx, containerId)).length !== 1) return;
  await trx
    .updateTable('gpu_holdings')
    .set({ handover: 0 })
    .where('container_id', '=', containerId)
    .execute();
}

async function countOvertaken(trx: Trx, containerId: string): Promise<void> {
  await trx
    .updateTable('gpu_queue')
    .set((eb) => ({ overtaken: eb('overtaken', '+', 1) }))
    .where('container_id', '=', containerId)
    .execute();
}

async function leaveQueue(trx: Trx, containerId: string): Promise<void> {
  await trx.deleteFrom('gpu_queue').where('container_id', '=', containerId).execute();
}

/** Whether it was not told yet that a container waits; from now on it was. */
async function isUnannounced(trx: Trx, containerId: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('gpu_queue')
    .set({ announced: 1 })
    .where('container_id', '=', containerId)
    .where('announced', '=', 0)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
