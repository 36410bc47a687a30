interface Ready<T> {
  readonly iterator: AsyncIterator<T>;
  readonly result: IteratorResult<T> | { readonly error: unknown };
}

/**
 * Several streams as one, in the order in which their values come. Each is asked for its next value only when its last
 * one was taken: whoever reads slowly holds one value of each. Ends with the last of them, or rejects with the first
 * that rejects. Streams may be added while it is read. Leaving the loop closes all of them, so a stream that may wait
 * for long must end when `abort` is called.
 */
export class Merge<T> {
  readonly #abort: () => void;
  readonly #iterators = new Set<AsyncIterator<T>>();
  readonly #ready: Ready<T>[] = [];
  #wake: (() => void) | undefined;

  constructor(abort: () => void) {
    this.#abort = abort;
  }

  add(stream: AsyncIterable<T>): void {
    const iterator = stream[Symbol.asyncIterator]();
    this.#iterators.add(iterator);
    this.#ask(iterator);
  }

  async *values(): AsyncGenerator<T, void, undefined> {
    try {
      while (this.#iterators.size > 0) {
        const { iterator, result } = await this.#next();
        if ('error' in result) throw result.error;
        if (result.done) {
          this.#iterators.delete(iterator);
        } else {
          yield result.value;
          this.#ask(iterator);
        }
      }
    } finally {
      this.#abort();
      await Promise.allSettled([...this.#iterators].map((iterator) => iterator.return?.()));
    }
  }

  // One callback a value. Promise.race would leave one behind on a silent stream's promise for each value of the others.
  #ask(iterator: AsyncIterator<T>): void {
    iterator.next().then(
      (result) => this.#offer({ iterator, result }),
      (error: unknown) => this.#offer({ iterator, result: { error } }),
    );
  }

  #offer(ready: Ready<T>): void {
    this.#ready.push(ready);
    this.#wake?.();
  }

  async #next(): Promise<Ready<T>> {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
