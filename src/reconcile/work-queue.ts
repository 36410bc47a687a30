/** How long after a failed pass the next one comes: doubling up to the longest. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

type State = 'waiting' | 'running' | 'running-and-due';

/**
 * Runs one pass for each key that is due: never two of one key at once, at most `width` at a time. A key added while its
 * pass runs gets another pass after it, so that nothing that happened is missed. A pass that throws is run again later.
 */
export class WorkQueue implements AsyncDisposable {
  readonly #states = new Map<string, State>();
  readonly #ready: string[] = [];
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; due: number }>();
  readonly #failures = new Map<string, number>();
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #pass: (key: string, signal: AbortSignal) => Promise<void>;
  readonly #onFailure: (key: string, error: unknown, retryInMs: number) => void;
  readonly #width: number;

  constructor(options: {
    pass: (key: string, signal: AbortSignal) => Promise<void>;
    onFailure: (key: string, error: unknown, retryInMs: number) => void;
    width: number;
  }) {
    this.#pass = options.pass;
    this.#onFailure = options.onFailure;
    this.#width = options.width;
  }

  /** Makes a key due now. */
  add(key: string): void {
    if (this.#closing.signal.aborted) return;
    this.#clearTimer(key);
    const state = this.#states.get(key);
    if (state === undefined) {
      this.#states.set(key, 'waiting');
      this.#ready.push(key);
    } else if (state === 'running') {
      this.#states.set(key, 'running-and-due');
    }
    this.#fill();
  }

  /** Makes a key due in `ms` milliseconds, unless it already is due sooner. */
  addAfter(key: string, ms: number): void {
    const due = performance.now() + ms;
    const set = this.#timers.get(key);
    if (this.#closing.signal.aborted || (set !== undefined && set.due <= due)) return;
    this.#clearTimer(key);
    this.#timers.set(key, { timer: setTimeout(() => this.add(key), ms), due });
  }

  /** Waits for the passes under way, whose signal aborts, and begins no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const key of [...this.#timers.keys()]) this.#clearTimer(key);
    await Promise.all(this.#running);
  }

  #fill(): void {
    while (this.#running.size < this.#width && !this.#closing.signal.aborted) {
      const key = this.#ready.shift();
      if (key === undefined) return;
      this.#states.set(key, 'running');
      const run = this.#run(key).finally(() => {
        this.#running.delete(run);
        this.#fill();
      });
      this.#running.add(run);
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#pass(key, this.#closing.signal);
      this.#failures.delete(key);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const failures = this.#failures.get(key) ?? 0;
      const delay = Math.min(RETRY_MS * 2 ** failures, LONGEST_RETRY_MS);
      this.#failures.set(key, failures + 1);
      this.#onFailure(key, error, delay);
      this.addAfter(key, delay);
    }
    this.#settle(key);
  }

  #settle(key: string): void {
    if (this.#states.get(key) === 'running-and-due') {
      this.#states.set(key, 'waiting');
      this.#ready.push(key);
    } else {
      this.#states.delete(key);
    }
  }

  #clearTimer(key: string): void {
    clearTimeout(this.#timers.get(key)?.timer);
    this.#timers.delete(key);
  }
}
