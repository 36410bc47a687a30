import type { LogLine, LogStream } from '../domain/log-line.ts';

/** Names one line of an instance's journal: its timestamp, and which of those with that timestamp it is, from 1. */
export interface LineId {
  /** RFC 3339 in UTC with nine digits of a second. */
  readonly timestamp: string;
  readonly ordinal: number;
}

const LINE_ID =
  /^([0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{9}Z)(?:~([1-9][0-9]{0,8}))?$/;

/** The id as an event carries it: `<timestamp>`, then `~2`, `~3` … where earlier lines have the same timestamp. */
export function formatLineId({ timestamp, ordinal }: LineId): string {
  return ordinal === 1 ? timestamp : `${timestamp}~${ordinal}`;
}

/** Reads what `formatLineId` wrote. Undefined where the text is anything else. */
export function parseLineId(text: string): LineId | undefined {
  const [, timestamp, suffix] = LINE_ID.exec(text) ?? [];
  if (timestamp === undefined || suffix === '1') return undefined;
  return { timestamp, ordinal: Number(suffix ?? 1) };
}

/**
 * How many timestamps are remembered. Within one output timestamps never go back, so equal ones stand next to each
 * other; only the two outputs overtake one another, by a few lines.
 */
const REMEMBERED = 512;

/**
 * Counts lines of equal timestamp, in bounded memory. Every line that bears a timestamp must pass, the first included:
 * then a line gets the same id wherever the reading began.
 */
export class LineCounter {
  readonly #counts = new Map<string, number>();
  readonly #latest = new Map<LogStream, string>();

  /** The id of the journal's next line. */
  next({ timestamp, stream }: LogLine): LineId {
    const ordinal = (this.#counts.get(timestamp) ?? 0) + 1;
    this.#counts.delete(timestamp);
    this.#counts.set(timestamp, ordinal);
    this.#latest.set(stream, timestamp);
    if (this.#counts.size > REMEMBERED) this.#forgetOne();
    return { timestamp, ordinal };
  }

  // The latest of an output stays however old it is: a long line's next piece, written an hour later, bears it too.
  #forgetOne(): void {
    const latest = new Set(this.#latest.values());
    for (const timestamp of this.#counts.keys()) {
      if (latest.has(timestamp)) continue;
      this.#counts.delete(timestamp);
      return;
    }
  }
}
