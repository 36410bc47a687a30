/** Runs one piece of work at a time for however many ask for it. */
export class SingleFlight<T> {
  readonly #work: () => Promise<T>;
  #running: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /** The run under way, or a new one. */
  join(): Promise<T> {
    return this.#running ?? this.#start();
  }

  /** A run that begins no earlier than this call; all who ask while one is under way share the next. */
  anew(): Promise<T> {
    if (this.#running === undefined) return this.#start();
    const next = () => this.join();
    this.#next ??= this.#running.then(next, next);
    return this.#next;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await Promise.allSettled([this.#next ?? this.#running]);
  }

  #start(): Promise<T> {
    this.#next = undefined;
    const run = this.#work().finally(() => {
      this.#running = undefined;
    });
    this.#running = run;
    return run;
  }
}
