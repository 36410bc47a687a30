/** For how long the kernel's word counts for more than nvidia-smi's, which may be late to notice. */
const HOLDS_MS = 30_000;

/** Cards that the kernel reported broken a moment ago. */
export class BrokenCards {
  readonly #reports = new Map<string, { readonly reason: string; readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether it is news: a broken card is reported again and again. */
  report(card: string, reason: string): boolean {
    if (this.current().has(card)) return false;
    this.#reports.set(card, { reason, until: this.#now() + HOLDS_MS });
    return true;
  }

  /** By uuid, with why. */
  current(): ReadonlyMap<string, string> {
    for (const [card, { until }] of this.#reports) if (until <= this.#now()) this.#reports.delete(card);
    return new Map([...this.#reports].map(([card, { reason }]) => [card, reason]));
  }
}
