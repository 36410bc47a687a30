import type { LogLine } from '../domain/log-line.ts';
import type { LineId } from './line-id.ts';

/** Which lines of a container's log are wanted. */
export interface LogRequest {
  readonly containerId: string;
  /** Only this revision's instance; null means the one that serves, from one deploy to the next. */
  readonly revision: number | null;
  /** Go on with what is written from now on. */
  readonly follow: boolean;
  /** How many of the last lines to begin with, 0 to MAX_TAIL. */
  readonly tail: number | 'all';
  /** Only lines of this time or later, as `parseSince` gives it; null means any. */
  readonly since: string | null;
  /** Go on after this line; `tail` and `since` then don't count. */
  readonly lastEventId: LineId | null;
}

/** The most lines that `tail` may ask for; `all` has no limit. */
export const MAX_TAIL = 100_000;

/** What a reader of a log is told: a line, or that another revision's lines begin. */
export type LogEvent =
  | { readonly kind: 'line'; readonly id: LineId; readonly line: LogLine }
  | { readonly kind: 'revision'; readonly number: number };
