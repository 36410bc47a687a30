import { randomUUID } from 'node:crypto';
import { createInterface, type Interface } from 'node:readline';
import { eventually } from './daemon.ts';
import type { Engine } from './engine.ts';
import type { GpuHook } from './gpu-hook.ts';

/** What a container says in its environment of the memory that it reserves on each card, in MiB; without it, it has them whole. */
export const RESERVES_MIB = 'RESERVES_MIB';

/** One container came onto cards, or was gone from them. */
interface Moment {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  readonly container: string;
  readonly taken: { readonly cards: readonly string[]; readonly reservesMib: number | null } | null;
}

/**
 * Which of an engine's containers was on which card when, by the hook's own record and the engine's events: from the moment
 * the runtime was told, until the engine says that the container died.
 */
export class CardRecord implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #hook: GpuHook;
  readonly #stream: NodeJS.ReadableStream;
  readonly #lines: Interface;
  readonly #ends: Moment[] = [];
  #last = '';

  private constructor(engine: Engine, hook: GpuHook, stream: NodeJS.ReadableStream) {
    this.#engine = engine;
    this.#hook = hook;
    this.#stream = stream;
    this.#lines = createInterface({ input: stream });
    this.#lines.on('line', (line) => this.#read(line));
  }

  /** Follows an engine from now on; whatever it does before is not told of. */
  static async follow(engine: Engine, hook: GpuHook): Promise<CardRecord> {
    const filters = JSON.stringify({ event: ['die', 'destroy', 'create'], type: ['container', 'volume'] });
    const stream = await engine.docker.getEvents({ filters });
    return new CardRecord(engine, hook, stream);
  }

  /** How often containers came onto cards. */
  async count(): Promise<number> {
    return (await this.#hook.calls()).length;
  }

  /**
   * Each moment at which a card was given to more than it has room for, in words: whole to two, whole and shared, or more
   * of its memory than there is (`memoryMib`).
   */
  async overlaps(memoryMib: number): Promise<readonly string[]> {
    const on = new Map<string, NonNullable<Moment['taken']>>();
    const found: string[] = [];
    for (const { at, container, taken } of await this.#moments()) {
      if (taken === null) on.delete(container);
      else on.set(container, taken);
      for (const card of taken?.cards ?? []) {
        const users = [...on].filter(([, { cards }]) => cards.includes(card));
        const reserved = users.map(([, { reservesMib }]) => reservesMib);
        const sum = reserved.reduce<number>((total, mib) => total + (mib ?? memoryMib), 0);
        if (sum > memoryMib) found.push(`at ${at} ${card} had ${users.map(([id]) => id)} (${reserved} MiB)`);
      }
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lines.close();
    if ('destroy' in this.#stream && typeof this.#stream.destroy === 'function') this.#stream.destroy();
    await Promise.resolve();
  }

  async #moments(): Promise<readonly Moment[]> {
    const calls = await this.#hook.calls();
    // Whoever was told by now came after the end of whoever had it before: that end must have been heard of.
    await this.#catchUp();
    const taken = calls.map(({ at, container, env, told }): Moment => {
      const reserves = env
        .find((entry) => entry.startsWith(`${RESERVES_MIB}=`))
        ?.slice(RESERVES_MIB.length + 1);
      const reservesMib = reserves === undefined ? null : Number(reserves);
      return { at, container, taken: { cards: told.last, reservesMib } };
    });
    return [...this.#ends, ...taken].toSorted((a, b) => (a.at < b.at ? -1 : 1));
  }

  /** Reads on until an event comes that was made just now. */
  async #catchUp(): Promise<void> {
    const { docker } = this.#engine;
    const mark = `mark-${randomUUID()}`;
    await docker.createVolume({ Name: mark });
    await eventually(
      () => this.#last === mark,
      () => 'the engine’s events come no more',
    );
    await docker.getVolume(mark).remove();
  }

  #read(line: string): void {
    const { Type, Action, Actor }: { Type: string; Action: string; Actor: { ID: string } } = JSON.parse(line);
    if (Type === 'volume' && Action === 'create') this.#last = Actor.ID;
    if (Type !== 'container' || Action === 'create') return;
    // As text: a number of JavaScript's has not enough digits.
    const at = BigInt(/"timeNano":(\d+)/.exec(line)?.[1] ?? '');
    this.#ends.push({ at, container: Actor.ID, taken: null });
  }
}
