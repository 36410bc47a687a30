import type { LogLine } from '../domain/log-line.ts';
import { LineCounter, type LineId } from './line-id.ts';
import type { Journals } from './ports.ts';
import { earlier } from './timestamp.ts';

/** Where in an instance's journal to begin. */
export type Position =
  | { readonly kind: 'start' }
  /** The line that follows this one, which the journal had a moment ago. */
  | { readonly kind: 'after'; readonly id: LineId }
  /** The first line with a later timestamp than this one. */
  | { readonly kind: 'later'; readonly timestamp: string };

/** A journal's line with its id. */
export interface JournalLine {
  readonly id: LineId;
  readonly line: LogLine;
}

/**
 * By how much a line may stand behind one of a later time. The two outputs are taken by a thread each, which stamps a
 * line and then waits for the other's write: microseconds as a rule, seconds where the disk stalls. Reading back ten
 * seconds costs little.
 */
const OVERLAP_MS = 10_000;

/**
 * The most entries of the engine's journal that make one line of ours: the engine cuts at 16 KiB, we at 64 KiB, and a
 * piece of ours may begin within an entry.
 */
const ENTRIES_PER_LINE = 5;

/** Room for the lines before those wanted, whose timestamps the wanted ones may share. */
const MARGIN = 512;

/**
 * One instance's lines in the order in which the engine took them, each with the id that every reader gives it; with
 * `since` only those of that time or later.
 */
export class Journal {
  readonly #engine: Journals;
  readonly #instanceId: string;
  readonly #since: string | null;

  constructor(engine: Journals, instanceId: string, since: string | null) {
    this.#engine = engine;
    this.#instanceId = instanceId;
    this.#since = since;
  }

  /** The lines from a position on; `follow` goes on until the instance ends. */
  async *read(position: Position, follow: boolean, signal: AbortSignal): AsyncGenerator<JournalLine> {
    for await (const line of this.#from(position, follow, signal)) {
      if (this.#isWanted(line.id.timestamp)) yield line;
    }
  }

  /** Whether a line is there. The journal may have lost it by rotation, or it is another instance's. */
  async has(id: LineId, signal: AbortSignal): Promise<boolean> {
    for await (const line of this.#numbered(earlier(id.timestamp, OVERLAP_MS), false, signal)) {
      if (isSame(line.id, id)) return true;
    }
    return false;
  }

  /** Where the last `count` lines begin. Holds ids only, one a line. */
  async tail(count: number, signal: AbortSignal): Promise<Position> {
    const selection = { since: this.#since, tail: ENTRIES_PER_LINE * (count + 1) + MARGIN, follow: false };
    const counter = new LineCounter();
    // The last count + 1: the oldest of them is the line to begin after.
    const last: LineId[] = [];
    let seen = 0;
    for await (const line of this.#engine.logs(this.#instanceId, selection, signal)) {
      const id = counter.next(line);
      if (this.#isWanted(line.timestamp)) last[seen++ % (count + 1)] = id;
    }
    const before = seen > count ? last[seen % (count + 1)] : undefined;
    return before === undefined ? { kind: 'start' } : { kind: 'after', id: before };
  }

  #from(position: Position, follow: boolean, signal: AbortSignal): AsyncIterable<JournalLine> {
    switch (position.kind) {
      case 'start':
        return this.#numbered(this.#since, follow, signal);
      case 'after':
        return this.#after(position.id, follow, signal);
      case 'later':
        return this.#later(position.timestamp, follow, signal);
    }
  }

  async *#after(id: LineId, follow: boolean, signal: AbortSignal): AsyncGenerator<JournalLine> {
    // Should the line be rotated away since, what is beyond the overlap comes after it in any case.
    const beyond = earlier(id.timestamp, -OVERLAP_MS);
    let passed = false;
    for await (const line of this.#numbered(earlier(id.timestamp, OVERLAP_MS), follow, signal)) {
      if (passed) yield line;
      else if (isSame(line.id, id)) passed = true;
      else if (line.id.timestamp > beyond) {
        passed = true;
        yield line;
      }
    }
  }

  async *#later(timestamp: string, follow: boolean, signal: AbortSignal): AsyncGenerator<JournalLine> {
    let passed = false;
    for await (const line of this.#numbered(earlier(timestamp, OVERLAP_MS), follow, signal)) {
      passed ||= line.id.timestamp > timestamp;
      if (passed) yield line;
    }
  }

  /** Every line of this time or later, and perhaps some before. Only the former's ids can be relied on. */
  async *#numbered(since: string | null, follow: boolean, signal: AbortSignal): AsyncGenerator<JournalLine> {
    const counter = new LineCounter();
    const selection = { since, tail: null, follow };
    for await (const line of this.#engine.logs(this.#instanceId, selection, signal)) {
      yield { id: counter.next(line), line };
    }
  }

  #isWanted(timestamp: string): boolean {
    return this.#since === null || timestamp >= this.#since;
  }
}

function isSame(one: LineId, other: LineId): boolean {
  return one.timestamp === other.timestamp && one.ordinal === other.ordinal;
}
