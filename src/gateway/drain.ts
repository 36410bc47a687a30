/**
 * Why a process stops serving. `retire`: another one has taken over, so every connection may come to its own end.
 * `stop`: nobody serves meanwhile, so only what is being answered is waited for.
 */
export type DrainKind = 'retire' | 'stop';

/** What is still open. */
export interface Load {
  /** Connections of clients, idle and upgraded ones too. */
  readonly connections: number;
  /** Requests being answered, without upgraded connections. */
  readonly requests: number;
}

/** A stopping process gives the clients of idle connections this long to send what is already on its way. */
const IDLE_GRACE_MS = 200;

/** Waits for a load to go to nothing, until a deadline at most. */
export class Drain {
  readonly #load: () => Load;
  readonly #done = Promise.withResolvers<void>();
  #kind: DrainKind | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #grace: NodeJS.Timeout | undefined;

  constructor(load: () => Load) {
    this.#load = load;
  }

  /** While true, each answer tells its client to close the connection. */
  get begun(): boolean {
    return this.#kind !== undefined;
  }

  /** Resolves when nothing is left to wait for, or at the deadline. A second call with `stop` cuts the first short. */
  begin(kind: DrainKind, deadlineMs: number): Promise<void> {
    if (this.#kind !== 'stop') {
      this.#kind = kind;
      clearTimeout(this.#deadline);
      this.#deadline = setTimeout(() => this.#finish(), deadlineMs);
      this.changed();
    }
    return this.#done.promise;
  }

  /** To be called whenever the load has changed. */
  changed(): void {
    if (!this.#kind) return;
    const { connections, requests } = this.#load();
    clearTimeout(this.#grace);
    if (connections === 0) this.#finish();
    else if (this.#kind === 'stop' && requests === 0) {
      this.#grace = setTimeout(() => this.#finish(), IDLE_GRACE_MS);
    }
  }

  #finish(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#grace);
    this.#done.resolve();
  }
}
