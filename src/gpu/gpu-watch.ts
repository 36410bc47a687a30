import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import type { GpuInventory } from '../domain/gpu.ts';
import { BrokenCards } from './broken-cards.ts';
import type { ModelOf } from './devices-seen.ts';
import { afterLook, afterReport, inventoryOf, type Knowledge, NOTHING_KNOWN } from './inventory.ts';
import { followKernelLog } from './kernel-log.ts';
import { type Look, look } from './look.ts';
import { NvidiaSmi } from './nvidia-smi.ts';
import { SingleFlight } from './single-flight.ts';
import { lookAround, type Surroundings } from './surroundings.ts';
import { setAndStates, tellChanges, tellFound } from './tell-changes.ts';
import { fatalReason, type Xid } from './xid.ts';

/** How often is looked, in milliseconds. */
export interface GpuWatchTimes {
  /** While somebody holds a GPU or waits for one. */
  readonly busyMs: number;
  readonly idleMs: number;
  /** On a machine without NVIDIA's driver. */
  readonly absentMs: number;
  /** `fresh()` looks again where the last look is older. */
  readonly freshMs: number;
  /** For one call of nvidia-smi; then it is killed. */
  readonly deadlineMs: number;
  /** Between two readings of the kernel's log. */
  readonly kernelLogMs: number;
}

/** A loss is seen within two of the busy looks, and so within 30 s. */
const TIMES: GpuWatchTimes = {
  busyMs: 10_000,
  idleMs: 60_000,
  absentMs: 300_000,
  freshMs: 2_000,
  deadlineMs: 5_000,
  kernelLogMs: 5_000,
};

/** What the watch is built from. */
export interface GpuWatchOptions {
  /** The program's path, or its name where PATH has it. */
  readonly nvidiaSmi: string;
  /** "/dev/kmsg"; null follows no kernel's log. */
  readonly kernelLog: string | null;
  readonly modelOf: ModelOf;
  /** Whether somebody holds a GPU or waits for one. */
  readonly isBusy: () => boolean;
  readonly log: Logger;
  readonly times?: Partial<GpuWatchTimes>;
  /** Milliseconds that only go up. */
  readonly now?: () => number;
}

/** Keeps what is known of the machine's GPUs up to date. Nothing of it rejects: that a driver fails is part of what is known. */
export class GpuWatch implements AsyncDisposable {
  readonly #options: GpuWatchOptions;
  readonly #times: GpuWatchTimes;
  readonly #now: () => number;
  readonly #nvidiaSmi: NvidiaSmi;
  readonly #broken: BrokenCards;
  readonly #looks = new SingleFlight(() => this.#look());
  readonly #listeners = new Set<(inventory: GpuInventory) => void>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  #knowledge: Knowledge = NOTHING_KNOWN;
  #inventory: GpuInventory = inventoryOf(NOTHING_KNOWN);
  /** Of the last look that came to an end: when it began, and whether there was a driver. */
  #last: { readonly at: number; readonly absent: boolean } | undefined;
  /** Which cards the surroundings were asked for. */
  #cards = '';

  constructor(options: GpuWatchOptions) {
    this.#options = options;
    this.#times = { ...TIMES, ...options.times };
    this.#now = options.now ?? (() => performance.now());
    this.#nvidiaSmi = new NvidiaSmi(options.nvidiaSmi, this.#times.deadlineMs);
    this.#broken = new BrokenCards(this.#now);
  }

  /** Looks now, and from now on. */
  start(): void {
    const { signal } = this.#stop;
    this.#running.push(this.#lookOnAndOn(signal));
    const { kernelLog: path, log } = this.#options;
    if (path === null) return;
    const onXid = (xid: Xid) => this.#onXid(xid);
    this.#running.push(followKernelLog({ path, everyMs: this.#times.kernelLogMs, log, onXid }, signal));
  }

  /** As seen last; empty before the first look. */
  latest(): GpuInventory {
    return this.#inventory;
  }

  /** As seen last; waits for the first look. */
  async detected(): Promise<GpuInventory> {
    return this.#last === undefined ? this.#looks.join() : this.#inventory;
  }

  /** As seen a moment ago. */
  async fresh(): Promise<GpuInventory> {
    const recent = this.#last !== undefined && this.#now() - this.#last.at < this.#times.freshMs;
    return recent ? this.#inventory : this.#looks.join();
  }

  /** By a look that begins no earlier than this call: on SIGHUP, or when a container seems to have lost its GPU. */
  lookNow(): Promise<GpuInventory> {
    return this.#looks.anew();
  }

  /** Calls back when there are other devices than before, or one is in another state. Returns what ends it. */
  onChange(listener: (inventory: GpuInventory) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#listeners.clear();
    await Promise.all(this.#running);
    await this.#looks.idle();
  }

  async #lookOnAndOn(signal: AbortSignal): Promise<void> {
    await this.detected();
    while (!signal.aborted) {
      await sleep(this.#times.busyMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted && this.#isDue()) await this.#looks.join();
    }
  }

  #isDue(): boolean {
    if (this.#last === undefined) return true;
    const { absentMs, busyMs, idleMs } = this.#times;
    const every = this.#last.absent ? absentMs : this.#options.isBusy() ? busyMs : idleMs;
    return this.#now() - this.#last.at >= every;
  }

  async #look(): Promise<GpuInventory> {
    const { signal } = this.#stop;
    const at = this.#now();
    const seen = await look(this.#nvidiaSmi, signal).catch(asLook);
    const surroundings = await this.#around(seen, signal).catch(() => this.#knowledge.surroundings);
    if (signal.aborted) return this.#inventory;
    const { modelOf } = this.#options;
    const knowledge = afterLook(this.#knowledge, seen, {
      modelOf,
      surroundings,
      broken: this.#broken.current(),
    });
    this.#learn(knowledge, { at, absent: seen.kind === 'absent' });
    return this.#inventory;
  }

  /** Asks where the cards sit where they are others than before. */
  async #around(seen: Look, signal: AbortSignal): Promise<Surroundings> {
    const known = this.#knowledge.surroundings;
    if (seen.kind !== 'seen' || seen.cards.length === 0) return known;
    const cards = JSON.stringify(seen.cards.map(({ uuid, index }) => [uuid, index]));
    if (cards === this.#cards) return known;
    const surroundings = await lookAround(this.#nvidiaSmi, known, signal);
    this.#cards = cards;
    return surroundings;
  }

  #learn(knowledge: Knowledge, looked: { readonly at: number; readonly absent: boolean } | undefined): void {
    const before = this.#inventory;
    const first = this.#last === undefined;
    this.#knowledge = knowledge;
    this.#inventory = inventoryOf(knowledge);
    this.#last = looked ?? this.#last;
    const ordinary = (looked?.absent ?? false) && knowledge.devices.length === 0;
    if (first) tellFound(this.#inventory, ordinary, this.#options.log);
    else tellChanges(before, this.#inventory, ordinary, this.#options.log);
    if (setAndStates(before) === setAndStates(this.#inventory)) return;
    for (const listener of this.#listeners) this.#call(() => listener(this.#inventory));
  }

  #onXid(xid: Xid): void {
    const { log } = this.#options;
    const card = this.#knowledge.surroundings.addresses.get(xid.address);
    const reason = fatalReason(xid);
    log[reason === null ? 'debug' : 'warn']({ ...xid, uuid: card }, 'the kernel logged an XID of a GPU');
    if (card !== undefined && reason !== null && this.#broken.report(card, reason)) {
      this.#learn(afterReport(this.#knowledge, card, reason), undefined);
    }
    void this.lookNow();
  }

  /** What others do with the news must not end the watch. */
  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#options.log.error({ err: error }, 'what a change of the GPUs set off failed');
    }
  }
}

function asLook(error: unknown): Look {
  return { kind: 'failed', reason: `the look for GPUs failed: ${messageOf(error)}` };
}
