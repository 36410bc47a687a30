const FIRST_MS = 100;
const LONGEST_MS = 5_000;
/** What has lived this long did not fail at its start. */
const SETTLED_MS = 10_000;

/** How long to wait before a process that ended is started again: not at all at first, longer while it keeps dying. */
export class RestartBackoff {
  #failures = 0;

  /** @param livedMs how long the process that ended had served */
  next(livedMs: number): number {
    if (livedMs >= SETTLED_MS) this.#failures = 0;
    const wait = this.#failures === 0 ? 0 : Math.min(FIRST_MS * 2 ** (this.#failures - 1), LONGEST_MS);
    this.#failures += 1;
    return wait;
  }
}
