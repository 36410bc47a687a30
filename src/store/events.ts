import { EventEmitter, once } from 'node:events';
import { z } from 'zod';
import type { NewEvent, RecordedEvent } from '../domain/event.ts';
import type { Trx } from './container-rows.ts';
import type { Database } from './database.ts';

const MOST_KEPT = 10_000;

const Data = z.object({
  name: z.string().nullable(),
  revision: z.number().nullable(),
  reason: z.string().nullable(),
  gpus: z.array(z.string()).readonly(),
});

/** Which events a reader is told. */
export interface EventFilter {
  /** Only of this user's containers; null: everyone's, and those about the machine. */
  readonly owner: string | null;
  /** Only about this container; null: about any. */
  readonly containerId: string | null;
}

/** Where a reader begins. */
export interface EventOpening {
  /** The events that are wanted come after this id. */
  readonly after: number;
  /** The newest of anybody's; 0 where there are none. */
  readonly newest: number;
}

/** Some events in their order, and how far they go. */
export interface EventPage {
  readonly events: readonly RecordedEvent[];
  /** The next page comes after this id: up to it everything was looked at. */
  readonly through: number;
  /** Whether there was no more at that moment. */
  readonly whole: boolean;
  /** The oldest of anybody's that is kept; 0 where there are none. */
  readonly oldest: number;
  /** For `more`. */
  readonly mark: number;
}

/** What happened, in order. Recorded in the transaction that makes it so; readers hear of it when that is done. */
export class EventStore {
  readonly #db: Database;
  readonly #now: () => number;
  readonly #mostKept: number;
  /** One listener for every reader that waits. */
  readonly #word = new EventEmitter().setMaxListeners(0);
  #mark = 0;

  /** `now` gives milliseconds since 1970; the newest `mostKept` events are kept. */
  constructor(db: Database, now: () => number, mostKept = MOST_KEPT) {
    this.#db = db;
    this.#now = now;
    this.#mostKept = mostKept;
  }

  /** Records events within a transaction. */
  async record(trx: Trx, ...events: readonly NewEvent[]): Promise<void> {
    for (const { kind, owner, containerId, ...data } of events) {
      const row = { at: this.#now(), kind, owner, container_id: containerId, data: JSON.stringify(data) };
      const { insertId } = await trx.insertInto('events').values(row).executeTakeFirstOrThrow();
      const oldest = Number(insertId) - this.#mostKept;
      await trx.deleteFrom('events').where('id', '<=', oldest).execute();
    }
    if (events.length === 0) return;
    // There is one connection: who reads now waits for the end of this transaction.
    this.#mark += 1;
    this.#word.emit('more');
  }

  /** Records events in a transaction of their own. */
  async add(...events: readonly NewEvent[]): Promise<void> {
    await this.#db.transaction().execute((trx) => this.record(trx, ...events));
  }

  /** Whether anything is kept that a reader would be told. */
  async has(filter: EventFilter): Promise<boolean> {
    return (await select(this.#db, filter).limit(1).executeTakeFirst()) !== undefined;
  }

  /** Where the last `tail` events of a reader begin. */
  async opening(filter: EventFilter, tail: number | 'all'): Promise<EventOpening> {
    return await this.#db.transaction().execute(async (trx) => {
      const { oldest, newest } = await range(trx);
      if (tail === 0) return { after: newest, newest };
      const first =
        tail === 'all'
          ? undefined
          : await select(trx, filter)
              .orderBy('id', 'desc')
              .limit(1)
              .offset(tail - 1)
              .executeTakeFirst();
      return { after: Math.max(0, (first?.id ?? oldest) - 1), newest };
    });
  }

  /** The first `limit` events after `id`, and less where there are no more. */
  async page(id: number, filter: EventFilter, limit: number): Promise<EventPage> {
    const mark = this.#mark;
    return await this.#db.transaction().execute(async (trx) => {
      const { oldest, newest } = await range(trx);
      const rows = await select(trx, filter).where('id', '>', id).orderBy('id').limit(limit).execute();
      const whole = rows.length < limit;
      const through = whole ? newest : (rows.at(-1)?.id ?? newest);
      return { events: rows.map(toEvent), through, whole, oldest, mark };
    });
  }

  /** Resolves once more was recorded since a page bore this mark; rejects when the signal aborts first. */
  async more(mark: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (mark === this.#mark) await once(this.#word, 'more', { signal });
  }
}

function select(db: Database | Trx, { owner, containerId }: EventFilter) {
  return db
    .selectFrom('events')
    .selectAll()
    .$if(owner !== null, (query) => query.where('owner', '=', owner ?? ''))
    .$if(containerId !== null, (query) => query.where('container_id', '=', containerId ?? ''));
}

/** The ids of the oldest and the newest that are kept; zeros where there are none. */
async function range(trx: Trx): Promise<{ readonly oldest: number; readonly newest: number }> {
  // Each a query of its own: SQLite finds one end of an index at once, and for both together reads it whole.
  const { oldest, newest } = await trx
    .selectNoFrom((eb) => [
      eb
        .selectFrom('events')
        .select(({ fn }) => fn.min('id').as('id'))
        .as('oldest'),
      eb
        .selectFrom('events')
        .select(({ fn }) => fn.max('id').as('id'))
        .as('newest'),
    ])
    .executeTakeFirstOrThrow();
  return { oldest: oldest ?? 0, newest: newest ?? 0 };
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
