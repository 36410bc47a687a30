import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gpu, GpuInventory, GpuNeed } from '../../src/domain/gpu.ts';
import type { Instance } from '../../src/domain/instance.ts';
import type { Route } from '../../src/domain/route.ts';
import type { GpuUse } from '../../src/engine/engine.ts';
import { lossOf } from '../../src/reconcile/gpu-losses.ts';
import { requestsOf, strays } from '../../src/reconcile/gpu-requests.ts';
import { Memory } from '../../src/reconcile/memory.ts';
import type { Operation } from '../../src/reconcile/operation.ts';
import { plan } from '../../src/reconcile/plan.ts';
import { runKey, type Situation } from '../../src/reconcile/situation.ts';
import type { GpuRequest } from '../../src/schedule/request.ts';
import { schedule } from '../../src/schedule/schedule.ts';
import { ContainerStore } from '../../src/store/containers.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { EventStore } from '../../src/store/events.ts';
import { GpuStore } from '../../src/store/gpus.ts';
import { DOMAIN, spec } from './situations.ts';

/**
 * A machine with GPUs: the real books in SQLite, the real plan and schedule, and an engine that does what it is told, one
 * step at a time, so that a test can choose what comes between, and end the daemon anywhere.
 */
export class GpuWorld implements AsyncDisposable {
  readonly #folder: string;
  readonly #db: Database;
  readonly containers: ContainerStore;
  readonly books: GpuStore;
  readonly events: EventStore;
  readonly ids: string[] = [];
  readonly #instances = new Map<string, Instance>();
  readonly #routes = new Map<string, Route>();
  readonly #memories = new Map<string, Memory>();
  /** What the engine still does, also when whoever asked is gone. */
  #underway: (() => void)[] = [];
  #line: readonly GpuRequest[] = [];
  #gpus: readonly Gpu[];
  #clock = 0;
  #made = 0;

  constructor(gpus: readonly Gpu[]) {
    this.#gpus = gpus;
    // In memory: each commit is synced.
    this.#folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'berth-world-'));
    this.#db = openDatabase(this.#folder);
    this.events = new EventStore(this.#db, () => this.#clock);
    this.containers = new ContainerStore(this.#db, this.events);
    this.books = new GpuStore(this.#db, this.events);
  }

  get instances(): readonly Instance[] {
    return [...this.#instances.values()];
  }

  get inventory(): GpuInventory {
    return { gpus: this.#gpus, reason: null, nearness: () => 0 };
  }

  async create(owner: string, need: GpuNeed): Promise<string> {
    const id = randomUUID();
    this.ids.push(id);
    const made = { id, createdBy: owner, spec: specOf(need), hostnames: [id], now: new Date(this.#clock++) };
    await this.containers.create(made);
    return id;
  }

  async update(id: string, need: GpuNeed): Promise<void> {
    if ((await this.containers.get(id)) === undefined) return;
    await this.containers.update(
      id,
      () => ({ spec: specOf(need), hostnames: [id] }),
      new Date(this.#clock++),
    );
  }

  async delete(id: string): Promise<void> {
    await this.containers.delete(id);
  }

  /** What runs on GPUs now. The scheduler may see it a little later than it is. */
  use(): readonly GpuUse[] {
    return this.instances.filter(({ gpus }) => gpus.length > 0);
  }

  async settle(use: readonly GpuUse[] = this.use()): Promise<void> {
    const { outcome } = await this.books.settle((now) => {
      const taken = [...now.holdings, ...strays(now, use)];
      return { ...schedule(requestsOf(now, this.inventory, use), taken, () => 0), reasonFor: () => null };
    });
    this.#line = outcome.line;
  }

  /** Looks once at a container and does the first `most` steps; the one after them is asked of the engine and not waited for. */
  async pass(id: string, most = Number.POSITIVE_INFINITY): Promise<number> {
    const operations = plan(await this.#look(id));
    for (const [index, operation] of operations.entries()) {
      if (index < most) await this.#carryOut(operation, id);
      else if (index === most) this.#askFor(operation, id);
    }
    return operations.filter(({ kind }) => kind !== 'wake' && kind !== 'report').length;
  }

  /** The daemon is killed; what the engine was asked for goes on. */
  crash(): void {
    this.#memories.clear();
    this.#line = [];
  }

  /** The engine ends one of the things that it does. */
  engineWorks(which: number): void {
    const [next] = this.#underway.splice(which % Math.max(1, this.#underway.length), 1);
    next?.();
  }

  /** Every probe comes to an end: the program answers, or never will. */
  probesEnd(answers: boolean): void {
    for (const { probes } of this.#memories.values()) {
      for (const [run, probe] of probes) {
        if (probe.kind !== 'probing') continue;
        probes.set(run, answers ? { kind: 'ready', since: 0 } : { kind: 'failed', reason: 'never answered' });
      }
    }
  }

  /** A program ends by itself. */
  exits(which: number): void {
    const running = this.instances.filter(({ state }) => state.kind === 'running');
    const one = running[which % Math.max(1, running.length)];
    if (one !== undefined) this.#set(one.id, this.#exited());
  }

  /** A card falls off the bus, or is back. */
  card(which: number, isLost: boolean): void {
    const index = which % this.#gpus.length;
    const state = isLost
      ? ({ kind: 'lost', reason: 'fell off the bus' } as const)
      : ({ kind: 'usable' } as const);
    this.#gpus = this.#gpus.map((gpu, at) => (at === index ? { ...gpu, state } : gpu));
  }

  allCardsBack(): void {
    this.#gpus = this.#gpus.map((gpu) => ({ ...gpu, state: { kind: 'usable' } }));
  }

  async everybodyWaiting(): Promise<readonly string[]> {
    await this.settle();
    return [...new Set(this.#line.map(({ containerId }) => containerId))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db.destroy();
    rmSync(this.#folder, { recursive: true });
  }

  async #look(id: string): Promise<Situation> {
    const instances = this.instances.filter(({ containerId }) => containerId === id);
    const container = await this.containers.get(id);
    const holdings = await this.books.holdings(id);
    const memory = this.#memory(id);
    memory.keepOnly(instances);
    return {
      containerId: id,
      container,
      instances,
      route: this.#routes.get(id),
      gpus: {
        holdings: new Map(holdings.map((held) => [held.revision, held])),
        lost: new Map(holdings.flatMap((held) => lossOf(held, this.inventory))),
        waiting: new Map(
          this.#line.flatMap((one) => (one.containerId === id ? [[one.revision, 'waiting']] : [])),
        ),
      },
      progress: memory,
      domain: DOMAIN,
      watchedSince: Number.NEGATIVE_INFINITY,
      // Late enough for every retry.
      now: this.#later(),
    };
  }

  async #carryOut(operation: Operation, id: string): Promise<void> {
    const memory = this.#memory(id);
    switch (operation.kind) {
      case 'pull':
        memory.pulls.set(operation.revision.number, { kind: 'pulled' });
        return;
      case 'create':
      case 'start':
        return this.#act(operation, id);
      case 'probe':
        memory.probes.set(runKey(operation.instance) ?? '', { kind: 'probing', seen: null });
        return;
      case 'note-exit':
        memory.setBack(operation.revision, {
          reason: 'exited',
          exit: exitOf(operation.instance),
          now: this.#clock,
        });
        return;
      case 'note-setback':
        memory.setBack(operation.revision, { reason: operation.reason, now: this.#clock });
        return;
      case 'publish':
        this.#routes.set(id, operation.route);
        return;
      case 'withdraw':
        this.#routes.delete(id);
        return;
      case 'mark-serving':
        return await this.containers.markServing(id, operation.revision.number, [id]);
      case 'fail':
        return await this.containers.markFailed(id, operation.revision.number, operation.reason);
      case 'retire':
        memory.retiring.add(operation.instance.id);
        this.#underway.push(() => {
          memory.retiring.delete(operation.instance.id);
          this.#instances.delete(operation.instance.id);
        });
        return;
      case 'release-gpus':
        return await this.books.release(id, operation.revision, operation.again);
      case 'report':
        return await this.containers.setStatus(id, operation.revision, operation.status, operation.reason);
      case 'wake':
        return;
    }
  }

  /** The daemon was killed before it heard of the end of this. */
  #askFor(operation: Operation, id: string): void {
    if (operation.kind === 'create' || operation.kind === 'start')
      this.#underway.push(() => this.#act(operation, id));
    if (operation.kind === 'retire') {
      // Its stop goes on in the engine; the removal was never asked for.
      this.#underway.push(() => this.#set(operation.instance.id, this.#exited()));
    }
  }

  #act(operation: Extract<Operation, { kind: 'create' | 'start' }>, id: string): void {
    if (operation.kind === 'create') {
      const instance = { id: `i${this.#made++}`, containerId: id, revision: operation.revision.number };
      const state = { kind: 'created' } as const;
      this.#instances.set(instance.id, { ...instance, address: '10.0.0.1', gpus: operation.gpus, state });
      return;
    }
    this.#set(operation.instance.id, { kind: 'running', startedAt: new Date(this.#clock++) });
  }

  #set(id: string, state: Instance['state']): void {
    const instance = this.#instances.get(id);
    if (instance !== undefined) this.#instances.set(id, { ...instance, state });
  }

  #exited(): Instance['state'] {
    return { kind: 'exited', exitCode: 1, outOfMemory: false, finishedAt: new Date(this.#clock++) };
  }

  #later(): number {
    this.#clock += 3_600_000;
    return this.#clock;
  }

  #memory(id: string): Memory {
    const memory = this.#memories.get(id) ?? new Memory();
    this.#memories.set(id, memory);
    return memory;
  }
}

function exitOf({ id, state }: Instance): string {
  return state.kind === 'exited' ? `${id}@${state.finishedAt.getTime()}` : '';
}

function specOf({ count, memoryBytes, wishes }: GpuNeed) {
  const gpuMemory = memoryBytes === null ? null : { text: String(memoryBytes), bytes: memoryBytes };
  return { ...spec(), gpu: count, gpuMemory, desiredGPUs: wishes };
}
