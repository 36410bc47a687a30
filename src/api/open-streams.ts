import { DomainError } from '../domain/errors.ts';

/** How many streams of one kind each user has open. */
export class OpenStreams {
  readonly #kind: string;
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  /** `kind` is what they are called, such as "log"; `limit` is the most that one user may have open at once. */
  constructor(kind: string, limit: number) {
    this.#kind = kind;
    this.#limit = limit;
  }

  /** Counts one more until it is disposed of; throws `too-many` beyond the limit. */
  open(userId: string): Disposable {
    if (this.count(userId) >= this.#limit) {
      throw new DomainError(
        'too-many',
        `You have ${this.#limit} ${this.#kind} streams open, which is the most: close one first.`,
      );
    }
    this.#add(userId, 1);
    const stack = new DisposableStack();
    stack.defer(() => this.#add(userId, -1));
    return stack;
  }

  /** How many streams a user has open. */
  count(userId: string): number {
    return this.#counts.get(userId) ?? 0;
  }

  #add(userId: string, change: number): void {
    const count = this.count(userId) + change;
    if (count > 0) this.#counts.set(userId, count);
    else this.#counts.delete(userId);
  }
}
