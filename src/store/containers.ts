import { sql } from 'kysely';
import type { Container, Revision, Status } from '../domain/container.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { noSuchContainer } from '../domain/errors.ts';
import { containerEvent } from '../domain/event.ts';
import { gpuNeedOf, isSameNeed } from '../domain/gpu.ts';
import {
  findContainer,
  insertRevision,
  readContainer,
  setOutcome,
  type Trx,
  toRevision,
} from './container-rows.ts';
import type { Database } from './database.ts';
import type { EventStore } from './events.ts';
import { joinGpuQueue } from './gpu-queue.ts';
import { releaseHostnames, reserveHostnames } from './hostnames.ts';

/** A page of a list: `page` counts from 1. */
export interface PageRequest {
  readonly page: number;
  readonly rows: number;
}

/** Some of a list's entries, and how many there are in all. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** What a new container needs beside its spec. */
export interface NewContainer {
  readonly id: string;
  readonly createdBy: string;
  readonly spec: ContainerSpec;
  /** Every host name it will answer to, the generated one among them. */
  readonly hostnames: readonly string[];
  readonly now: Date;
}

/** What an update does to a container: its next spec, and every host name that this one needs. */
export type SpecUpdate = (container: Container) => {
  readonly spec: ContainerSpec;
  readonly hostnames: readonly string[];
};

/** Containers and their revisions. Each method is one short transaction. */
export class ContainerStore {
  readonly #db: Database;
  readonly #events: EventStore;

  constructor(db: Database, events: EventStore) {
    this.#db = db;
    this.#events = events;
  }

  /** Records a container with revision 1. Throws `conflict` where a host name is taken. */
  async create(made: NewContainer): Promise<Container> {
    return await this.#db.transaction().execute(async (trx) => {
      const now = made.now.getTime();
      await trx
        .insertInto('containers')
        .values({
          id: made.id,
          created_by: made.createdBy,
          created_at: now,
          updated_at: now,
          latest_revision: 1,
          serving_revision: null,
          status: 'deploying',
          status_reason: null,
        })
        .execute();
      await insertRevision(trx, made.id, 1, made.spec, now);
      await reserveHostnames(trx, made.id, made.hostnames);
      return await this.#accepted(trx, made.id, null);
    });
  }

  async get(id: string): Promise<Container | undefined> {
    return await this.#db.transaction().execute((trx) => findContainer(trx, id));
  }

  /** Every container's id, in no order. */
  async ids(): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom('containers').select('id').execute();
    return rows.map((row) => row.id);
  }

  /** Newest first; only those of `createdBy` unless that is null. */
  async list(createdBy: string | null, { page, rows }: PageRequest): Promise<Page<Container>> {
    return await this.#db.transaction().execute(async (trx) => {
      const mine = trx
        .selectFrom('containers')
        .$if(createdBy !== null, (query) => query.where('created_by', '=', createdBy ?? ''));
      const { total } = await mine
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const found = await mine
        .select('id')
        .orderBy('created_at', 'desc')
        .orderBy(sql`rowid`, 'desc')
        .limit(rows)
        .offset((page - 1) * rows)
        .execute();
      const items: Container[] = [];
      for (const { id } of found) items.push(await readContainer(trx, id));
      return { items, total };
    });
  }

  /** Records the next revision. Throws `not-found`, `conflict` where a host name is taken, or what `update` throws. */
  async update(id: string, update: SpecUpdate, now: Date): Promise<Container> {
    return await this.#db.transaction().execute(async (trx) => {
      const container = await findContainer(trx, id);
      if (container === undefined) throw noSuchContainer(id);
      const { spec, hostnames } = update(container);
      const number = container.latest.number + 1;
      await insertRevision(trx, id, number, spec, now.getTime());
      await reserveHostnames(trx, id, hostnames);
      await trx
        .updateTable('containers')
        .set({ latest_revision: number, updated_at: now.getTime(), status: 'deploying', status_reason: null })
        .where('id', '=', id)
        .execute();
      return await this.#accepted(trx, id, container.latest.spec);
    });
  }

  /** Forgets a container; whether there was one. */
  async delete(id: string): Promise<boolean> {
    return await this.#db.transaction().execute(async (trx) => {
      const container = await findContainer(trx, id);
      if (container === undefined) return false;
      await trx.deleteFrom('containers').where('id', '=', id).execute();
      await this.#events.record(
        trx,
        containerEvent('deleted', container, { revision: container.latest.number }),
      );
      return true;
    });
  }

  /** Highest number first. */
  async revisions(id: string, { page, rows }: PageRequest): Promise<Page<Revision>> {
    return await this.#db.transaction().execute(async (trx) => {
      const all = trx.selectFrom('revisions').where('container_id', '=', id);
      const { total } = await all
        .select((eb) => eb.fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const found = await all
        .selectAll()
        .orderBy('number', 'desc')
        .limit(rows)
        .offset((page - 1) * rows)
        .execute();
      return { items: found.map(toRevision), total };
    });
  }

  /**
   * A revision is ready and answers from now on. Where it is still the latest, the container is deployed, and host names
   * that it doesn't have are free again; of one that came after it some may be reserved already.
   */
  async markServing(id: string, number: number, hostnames: readonly string[]): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await setOutcome(trx, id, number, { kind: 'ready' });
      await trx.updateTable('containers').set({ serving_revision: number }).where('id', '=', id).execute();
      const { numUpdatedRows } = await trx
        .updateTable('containers')
        .set({ status: 'deployed', status_reason: null })
        .where('id', '=', id)
        .where('latest_revision', '=', number)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await releaseHostnames(trx, id, hostnames);
      const container = await findContainer(trx, id);
      if (container === undefined) return;
      await this.#events.record(trx, containerEvent('deployed', container, { revision: number }));
    });
  }

  /** A revision will not run, and this is why. */
  async markFailed(id: string, number: number, reason: string): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await setOutcome(trx, id, number, { kind: 'failed', reason });
      const container = await findContainer(trx, id);
      if (container === undefined) return;
      await this.#events.record(trx, containerEvent('failed', container, { revision: number, reason }));
    });
  }

  /** Says how a container is doing, as long as `revision` is still its latest. */
  async setStatus(id: string, revision: number, status: Status, reason: string | null): Promise<void> {
    await this.#db
      .updateTable('containers')
      .set({ status, status_reason: reason })
      .where('id', '=', id)
      .where('latest_revision', '=', revision)
      .execute();
  }

  /** What every accepted revision brings with it: an event, and where it wants GPUs a place in their queue. */
  async #accepted(trx: Trx, id: string, before: ContainerSpec | null): Promise<Container> {
    const container = await readContainer(trx, id);
    const { latest } = container;
    const wantsElse = before === null || !isSameNeed(gpuNeedOf(before), gpuNeedOf(latest.spec));
    if (latest.spec.gpu > 0) await joinGpuQueue(trx, id, wantsElse);
    await this.#events.record(trx, containerEvent('deploying', container, { revision: latest.number }));
    return container;
  }
}
