import { once } from 'node:events';
import { z } from 'zod';
import type { NewEvent, RecordedEvent } from '../domain/event.ts';
import type { Trx } from './container-rows.ts';
import type { Database } from './database.ts';

/** How many are kept. */
const MOST_KEPT = 10_000;

const Data = z.object({
  name: z.string().nullable(),
  revision: z.number().nullable(),
  reason: z.string().nullable(),
  gpus: z.array(z.string()).readonly(),
});

/** What happened, in order. Recorded in the transaction that makes it so; readers hear of it when that is done. */
export class EventStore {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #word = new EventTarget();

  /** `now` gives milliseconds since 1970. */
  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  /** Records events within a transaction. */
  async record(trx: Trx, ...events: readonly NewEvent[]): Promise<void> {
    for (const { kind, owner, containerId, ...data } of events) {
      const row = { at: this.#now(), kind, owner, container_id: containerId, data: JSON.stringify(data) };
      const { insertId } = await trx.insertInto('events').values(row).executeTakeFirstOrThrow();
      const oldest = Number(insertId) - MOST_KEPT;
      await trx.deleteFrom('events').where('id', '<=', oldest).execute();
    }
    // There is one connection: who reads now waits for the end of this transaction.
    if (events.length > 0) this.#word.dispatchEvent(new Event('more'));
  }

  /** Records events in a transaction of their own. */
  async add(...events: readonly NewEvent[]): Promise<void> {
    await this.#db.transaction().execute((trx) => this.record(trx, ...events));
  }

  /** At most `limit` events after `id`, oldest first; only those of `owner` unless that is null. */
  async after(id: number, owner: string | null, limit: number): Promise<readonly RecordedEvent[]> {
    const rows = await this.#of(owner).where('id', '>', id).orderBy('id').limit(limit).execute();
    return rows.map(toEvent);
  }

  /** The newest `count` events, oldest first; only those of `owner` unless that is null. */
  async last(count: number, owner: string | null): Promise<readonly RecordedEvent[]> {
    const rows = await this.#of(owner).orderBy('id', 'desc').limit(count).execute();
    return rows.map(toEvent).reverse();
  }

  /** The ids of the oldest and the newest that are kept; zeros where there are none. */
  async range(): Promise<{ readonly oldest: number; readonly newest: number }> {
    const { oldest, newest } = await this.#db
      .selectFrom('events')
      .select((eb) => [eb.fn.min('id').as('oldest'), eb.fn.max('id').as('newest')])
      .executeTakeFirstOrThrow();
    return { oldest: oldest ?? 0, newest: newest ?? 0 };
  }

  /** Resolves once more is recorded; rejects when the signal aborts first. To be called before what is there is read. */
  async more(signal: AbortSignal): Promise<void> {
    await once(this.#word, 'more', { signal });
  }

  #of(owner: string | null) {
    return this.#db
      .selectFrom('events')
      .selectAll()
      .$if(owner !== null, (query) => query.where('owner', '=', owner ?? ''));
  }
}

function toEvent(row: {
  id: number;
  at: number;
  kind: RecordedEvent['kind'];
  owner: string | null;
  container_id: string | null;
  data: string;
}): RecordedEvent {
  const { id, at, kind, owner, container_id: containerId } = row;
  return { id, at: new Date(at), kind, owner, containerId, ...Data.parse(JSON.parse(row.data)) };
}
