/**
 * Tells when a container should be looked at again: another revision serves, an instance was made, started, exited or
 * is gone, the container was deleted. It says that something changed, never what, and may say so too often.
 */
export interface ContainerChanges {
  /** Calls `listener` at every change of that container until the subscription is disposed of. */
  subscribe(containerId: string, listener: () => void): Disposable;
}

/** Waits for changes of one container and misses none: make it first, then look, then wait. */
export class ChangeWatch implements Disposable {
  readonly #subscription: Disposable;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(changes: ContainerChanges, containerId: string) {
    this.#subscription = changes.subscribe(containerId, () => {
      this.#changed = true;
      this.#wake?.();
    });
  }

  /**
   * Resolves once something changed since this watch was made or last resolved; at once where that is so already.
   * Rejects with the signal's reason when that aborts. One caller at a time.
   */
  async next(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#changed) await this.#change(signal);
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
    this.#wake = resolve;
    return promise.finally(() => {
      signal.removeEventListener('abort', abort);
      this.#wake = undefined;
    });
  }
}
