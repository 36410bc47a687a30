import type { Logger } from 'pino';
import { formatDuration } from '../domain/duration.ts';
import { messageOf } from '../domain/errors.ts';

/** Tells the log when something goes away and when it is back: once each, however often it is tried meanwhile. */
export class Outage {
  readonly #what: string;
  readonly #log: Logger;
  readonly #now: () => number;
  #since: number | undefined;

  constructor(what: string, log: Logger, now: () => number) {
    this.#what = what;
    this.#log = log;
    this.#now = now;
  }

  /** It failed, and why; whether that is news. */
  failed(error: unknown): boolean {
    if (this.#since !== undefined) return false;
    this.#since = this.#now();
    this.#log.warn({ reason: messageOf(error) }, `${this.#what} does not answer; trying on`);
    return true;
  }

  /** It works. */
  recovered(): void {
    if (this.#since === undefined) return;
    const ms = this.#now() - this.#since;
    this.#since = undefined;
    this.#log.info(`${this.#what} answers again after ${formatDuration(ms)}`);
  }
}
