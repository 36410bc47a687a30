import type { User } from '../domain/caller.ts';
import { DomainError } from '../domain/errors.ts';
import { verifyPassword } from './password.ts';

/** Passwords checked at a time: each takes 128 MiB. */
const CONCURRENT = 2;
/** Passwords that may wait for their turn. */
const QUEUE = 16;
/** Wrong passwords for one name from one address, within the window, before it has to wait. */
const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Names remembered at most; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000;

interface Failures {
  readonly since: number;
  readonly count: number;
}

/** Where users are looked up. */
export interface UserDirectory {
  findByName(name: string): Promise<User | undefined>;
}

/** Checks names and passwords, and how many at a time and in a minute. */
export class Login {
  readonly #users: UserDirectory;
  readonly #failures = new Map<string, Failures>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(users: UserDirectory) {
    this.#users = users;
  }

  /** The user with this name and password. Throws `unauthenticated`, or `too-many`. `from` is the caller's address. */
  async check(name: string, password: string, from: string): Promise<User> {
    const key = `${from} ${name}`;
    if (this.#recent(key) >= MAX_FAILURES) throw tooMany('after so many wrong passwords: wait a minute');
    const user = await this.#users.findByName(name);
    const right = await this.#inTurn(() => verifyPassword(password, user?.passwordHash));
    if (right && user !== undefined) {
      this.#failures.delete(key);
      return user;
    }
    this.#remember(key);
    throw new DomainError('unauthenticated', 'The name or the password is wrong.');
  }

  #recent(key: string): number {
    const failures = this.#failures.get(key);
    return failures === undefined || performance.now() - failures.since > WINDOW_MS ? 0 : failures.count;
  }

  #remember(key: string): void {
    const count = this.#recent(key);
    const since = count === 0 ? performance.now() : (this.#failures.get(key)?.since ?? performance.now());
    this.#failures.delete(key);
    this.#failures.set(key, { since, count: count + 1 });
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= MAX_REMEMBERED) break;
      this.#failures.delete(oldest);
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= CONCURRENT) {
      if (this.#waiting.length >= QUEUE) throw tooMany('because many log in just now: try again in a moment');
      // Whoever ends hands its place over, so that nobody slips in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

function tooMany(why: string): DomainError {
  return new DomainError('too-many', `The password was not checked, ${why}.`);
}
