interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Waits for things to become true that somebody else changes. */
export class Conditions {
  readonly #waiting = new Set<Waiter>();

  /** Resolves once the condition holds; rejects with the signal's reason when that aborts first. */
  async met(isMet: () => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (isMet()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { isMet, resolve, reject };
    const aborted = (): void => reject(signal.reason);
    this.#waiting.add(waiter);
    signal.addEventListener('abort', aborted, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(waiter);
      signal.removeEventListener('abort', aborted);
    }
  }

  /** To be called after each change. */
  check(): void {
    for (const waiter of this.#waiting) if (waiter.isMet()) waiter.resolve();
  }

  /** Nothing will change any more. */
  fail(reason: Error): void {
    for (const waiter of this.#waiting) waiter.reject(reason);
  }
}
