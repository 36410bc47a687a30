import type { RecordedEvent } from '../domain/event.ts';
import type { EventFilter, EventStore } from '../store/events.ts';

/** How many events are taken from the database at a time. */
const PAGE = 100;

/** Which events are wanted. */
export interface FeedRequest {
  readonly filter: EventFilter;
  /** Go on with what happens from now on. */
  readonly follow: boolean;
  /** How many of the past to begin with. */
  readonly tail: number | 'all';
  /** Go on after this event; `tail` then doesn't count. */
  readonly lastEventId: number | null;
}

/** What a reader is told: an event, or that those from one id to another are kept no more, some of which it may have missed. */
export type FeedItem =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number };

/** Reads what happened, page by page, no faster than it is taken. */
export class EventFeed {
  readonly #events: EventStore;

  constructor(events: EventStore) {
    this.#events = events;
  }

  /** Finds where to begin and gives the items from there. What happens after this resolved is among them, with `follow`. */
  async open(request: FeedRequest, signal: AbortSignal): Promise<AsyncIterable<FeedItem>> {
    const { filter, tail, lastEventId, follow } = request;
    const { after, newest } = await this.#events.opening(filter, tail);
    // An id that was never given is another database's: what comes next is new to whoever bears it.
    const start = lastEventId === null ? after : Math.min(lastEventId, newest);
    return this.#items(filter, start, follow ? Number.POSITIVE_INFINITY : newest, signal);
  }

  /** What comes after one id, up to and with another. */
  async *#items(
    filter: EventFilter,
    start: number,
    end: number,
    signal: AbortSignal,
  ): AsyncGenerator<FeedItem> {
    let seen = start;
    while (seen < end) {
      const { events, through, whole, oldest, mark } = await this.#events.page(seen, filter, PAGE);
      // Of a reader that came back late, or was too slow.
      if (seen + 1 < oldest) yield { kind: 'gap', from: seen + 1, to: oldest - 1 };
      for (const event of events) {
        if (event.id > end) return;
        yield { kind: 'event', event };
      }
      seen = through;
      if (whole && seen < end) await this.#events.more(mark, signal);
    }
  }
}
