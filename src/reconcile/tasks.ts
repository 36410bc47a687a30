/** Long waits that go on beside the reconciler's short passes. Each has a name; one name runs once at a time. */
export class Tasks implements AsyncDisposable {
  readonly #running = new Map<string, { controller: AbortController; done: Promise<void> }>();
  readonly #onEnd: (name: string, error: unknown) => void;

  /** `onEnd` hears of each task that ended and was not aborted; `error` is undefined where all went well. */
  constructor(onEnd: (name: string, error: unknown) => void) {
    this.#onEnd = onEnd;
  }

  /** Starts a task unless one of that name runs. Its signal aborts when it is no longer wanted. */
  start(name: string, run: (signal: AbortSignal) => Promise<void>): void {
    if (this.#running.has(name)) return;
    const controller = new AbortController();
    const ended = (error?: unknown) => {
      this.#running.delete(name);
      if (!controller.signal.aborted) this.#onEnd(name, error);
    };
    this.#running.set(name, { controller, done: run(controller.signal).then(() => ended(), ended) });
  }

  get idle(): boolean {
    return this.#running.size === 0;
  }

  /** Aborts the tasks whose name the test doesn't want. */
  abortUnless(isWanted: (name: string) => boolean): void {
    for (const [name, { controller }] of this.#running) if (!isWanted(name)) controller.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abortUnless(() => false);
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }
}
