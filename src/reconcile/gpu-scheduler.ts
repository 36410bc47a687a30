import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import type { GpuInventory } from '../domain/gpu.ts';
import { type Engine, EngineError } from '../engine/engine.ts';
import { schedule } from '../schedule/schedule.ts';
import type { EventStore } from '../store/events.ts';
import type { GpuStore } from '../store/gpus.ts';
import { GpuLine, lineAfter } from './gpu-line.ts';
import { GpuLosses, lossOf } from './gpu-losses.ts';
import { requestsOf, strays } from './gpu-requests.ts';
import type { ContainerGpus } from './situation.ts';

const TICK_MS = 30_000;
const RETRY_MS = 1_000;

/** Nobody waits. */
const NOBODY = new GpuLine([], () => '');

/** What the scheduler works with. */
export interface GpuSchedulerTools {
  readonly books: GpuStore;
  readonly events: Pick<EventStore, 'add'>;
  readonly engine: Pick<Engine, 'gpuUse'>;
  /** The machine's GPUs as seen last. */
  readonly inventory: () => GpuInventory;
  readonly log: Logger;
  /** Has a container looked at: what it holds or what it is told changed. */
  readonly kick: (containerId: string) => void;
}

/**
 * Gives GPUs to those who wait: whenever somebody asks, something is freed, or the machine's GPUs change. It only ever
 * gives: what is held is freed by the holder's own pass, once no process of it is left, so that no two ever have it.
 */
export class GpuScheduler implements AsyncDisposable {
  readonly #tools: GpuSchedulerTools;
  readonly #closing = new AbortController();
  readonly #losses = new GpuLosses();
  #line = NOBODY;
  #isHeld = false;
  #due = Promise.withResolvers<void>();
  #loop: Promise<void> | undefined;

  constructor(tools: GpuSchedulerTools) {
    this.#tools = tools;
  }

  /** Looks after the queue from now on. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Has the queue looked at. */
  poke(): void {
    this.#due.resolve();
  }

  /** Whether anybody holds or waits for a GPU, as of the last look. */
  get isBusy(): boolean {
    return this.#isHeld || !this.#line.isEmpty;
  }

  /** What a container holds and waits for. */
  async of(containerId: string): Promise<ContainerGpus> {
    const holdings = await this.#tools.books.holdings(containerId);
    const inventory = this.#tools.inventory();
    return {
      holdings: new Map(holdings.map((held) => [held.revision, held])),
      lost: new Map(holdings.flatMap((held) => lossOf(held, inventory))),
      waiting: this.#line.wordsOf(containerId),
    };
  }

  /** Every container that holds some, deleted ones too. */
  async holderIds(): Promise<readonly string[]> {
    return idsOf(await this.#tools.books.holdings());
  }

  /** Frees what a revision holds: to be called once no process of it is left. `again` puts it at the head of the queue. */
  async release(containerId: string, revision: number, again: boolean): Promise<void> {
    await this.#tools.books.release(containerId, revision, again);
    this.#tools.log.info({ containerId, revision }, 'GPUs freed');
    this.poke();
  }

  /** The machine's GPUs changed: tells whoever lost one, and has everybody concerned looked at. */
  async inventoryChanged(): Promise<void> {
    const holdings = await this.#tools.books.holdings();
    await this.#tools.events.add(...this.#losses.newSince(this.#tools.inventory(), holdings));
    for (const id of idsOf(holdings)) this.#tools.kick(id);
    this.poke();
  }

  /** Who has each GPU and who waits for it: ids of containers, by uuid. */
  async claims() {
    const holdings = await this.#tools.books.holdings();
    const line = this.#line;
    return {
      holders: (uuid: string) => idsOf(holdings.filter(({ gpus }) => gpus.includes(uuid))),
      waiting: (uuid: string) => line.waitingFor(uuid),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.poke();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let enlisted = false;
    while (!signal.aborted) {
      this.#due = Promise.withResolvers();
      let waitMs = TICK_MS;
      try {
        if (!enlisted) await this.#tools.books.enlistAll();
        enlisted = true;
        await this.#settle(signal);
      } catch (error) {
        waitMs = RETRY_MS;
        if (!signal.aborted) this.#note(error);
      }
      await this.#dueWithin(waitMs);
    }
  }

  async #dueWithin(ms: number): Promise<void> {
    const timer = new AbortController();
    const tick = sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([this.#due.promise, tick]);
    timer.abort();
  }

  /** One look at all who wait. */
  async #settle(signal: AbortSignal): Promise<void> {
    const { books, engine, log, kick } = this.#tools;
    if (!(await books.hasWaiting())) return this.#remember(NOBODY, (await books.holdings()).length > 0);
    const use = [...(await engine.gpuUse(signal)).values()];
    const inventory = this.#tools.inventory();
    const { now, outcome } = await books.settle((now) => {
      const taken = [...now.holdings, ...strays(now, use)];
      const { grants, overtaken, ...rest } = schedule(
        requestsOf(now, inventory, use),
        taken,
        inventory.nearness,
      );
      const line = lineAfter(rest.line, { books: now, grants, inventory });
      return { grants, overtaken, line, reasonFor: line.wordsFor.bind(line) };
    });
    const { grants, line } = outcome;
    for (const { containerId, revision, gpus } of grants)
      log.info({ containerId, revision, gpus }, 'GPUs taken');
    this.#remember(line, now.holdings.length + grants.length > 0);
    for (const id of idsOf(grants)) kick(id);
  }

  /** Whoever is told something else than before is looked at. */
  #remember(line: GpuLine, isHeld: boolean): void {
    const before = this.#line;
    this.#line = line;
    this.#isHeld = isHeld;
    for (const id of line.changedSince(before)) this.#tools.kick(id);
  }

  /** That the engine is away is the reconciler's to say. */
  #note(error: unknown): void {
    const { log } = this.#tools;
    if (error instanceof EngineError)
      log.debug({ reason: messageOf(error) }, 'the GPU queue is not looked at');
    else log.error({ err: error }, 'the GPU queue could not be looked at; trying again');
  }
}

function idsOf(of: readonly { readonly containerId: string }[]): readonly string[] {
  return [...new Set(of.map(({ containerId }) => containerId))];
}
