import { setTimeout as sleep } from 'node:timers/promises';
import { wantedRevisions } from '../domain/container.ts';
import { messageOf } from '../domain/errors.ts';
import { EngineError } from '../engine/engine.ts';
import type { Changes } from './changes.ts';
import type { GpuFault } from './gpu-health.ts';
import { Memory } from './memory.ts';
import { carryOut } from './operations.ts';
import { Outage } from './outage.ts';
import { plan } from './plan.ts';
import type { Situation } from './situation.ts';
import { Tasks } from './tasks.ts';
import { tell } from './tell.ts';
import type { Subject, Tools } from './tools.ts';
import { probeTask, pullTask } from './waits.ts';
import { WorkQueue } from './work-queue.ts';

const TICK_MS = 30_000;
const RETRY_TASK_MS = 1_000;
const RECONNECT_MS = 500;
/** Containers looked after at once; the engine serves no more anyway. */
const WIDTH = 8;
/** More rounds than any deploy needs: what goes round in circles should not do so at full speed. */
const MOST_ROUNDS = 30;

/**
 * Makes what is recorded so. One pass a container at a time looks at all that is known, does what `plan` says, and looks
 * again until nothing is left to do. An API write, an engine event, the end of a wait, a timer and the tick all just
 * ask for another pass.
 */
export class Reconciler implements AsyncDisposable {
  readonly #tools: Tools;
  readonly #changes: Changes;
  readonly #subjects = new Map<string, Subject>();
  readonly #queue: WorkQueue;
  readonly #closing = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #engineOutage: Outage;
  #watchedSince = Number.NEGATIVE_INFINITY;

  constructor(tools: Tools, changes: Changes) {
    this.#tools = tools;
    this.#changes = changes;
    this.#queue = new WorkQueue({
      width: WIDTH,
      pass: (containerId, signal) => this.#pass(containerId, signal),
      onFailure: (containerId, error, retryInMs) =>
        this.#note(error, { containerId, retryInMs }, 'a reconcile pass failed; it will be tried again'),
    });
    this.#engineOutage = new Outage('the engine', tools.log, tools.now);
  }

  /** Looks after every container from now on. */
  start(): void {
    this.#loops.push(this.#watch(), this.#tick());
  }

  /** Has one container looked at now. */
  kick(containerId: string): void {
    this.#queue.add(containerId);
  }

  /** Says that an instance lost its GPUs, and why: another is made in its place. */
  async gpuFault(fault: GpuFault): Promise<void> {
    const { containerId, instanceId, reason } = fault;
    const { gpuFaults } = this.#subject(containerId).memory;
    if (gpuFaults.has(instanceId)) return;
    gpuFaults.set(instanceId, reason);
    this.kick(containerId);
    await tell(this.#tools, 'gpu-lost', containerId, fault);
  }

  /** Says that an instance took more disk than it may, and must go. */
  overLimit(containerId: string, instanceId: string, reason: string): void {
    this.#subject(containerId).memory.overLimit.set(instanceId, reason);
    this.kick(containerId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#queue[Symbol.asyncDispose]();
    await Promise.all([...this.#subjects.values()].map(({ tasks }) => tasks[Symbol.asyncDispose]()));
    await Promise.all(this.#loops);
  }

  async #pass(containerId: string, signal: AbortSignal): Promise<void> {
    const subject = this.#subject(containerId);
    try {
      if (!(await this.#rounds(subject, signal))) this.#queue.addAfter(containerId, RETRY_TASK_MS);
    } catch (error) {
      if (!signal.aborted) await this.#tellOfTrouble(containerId, error);
      throw error;
    }
  }

  /** Whether the container is as wanted now, or something is under way that will kick it again. */
  async #rounds(subject: Subject, signal: AbortSignal): Promise<boolean> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const situation = await this.#observe(subject, signal);
      const operations = plan(situation);
      for (const operation of operations) {
        this.#tools.log.debug({ containerId: subject.containerId, operation: operation.kind }, 'operation');
        await carryOut(operation, subject, this.#tools, signal);
      }
      this.#changes.notify(subject.containerId);
      if (operations.some(({ kind }) => kind !== 'wake')) continue;
      this.#forgetIfGone(situation, subject);
      return true;
    }
    return false;
  }

  async #observe({ containerId, memory, tasks }: Subject, signal: AbortSignal): Promise<Situation> {
    const { engine, containers, routes, gpus, domain, now } = this.#tools;
    const instances = await engine.instances(containerId, signal);
    const container = await containers.get(containerId);
    const wanted = container === undefined ? [] : wantedRevisions(container);
    const pulls = new Set(wanted.map(({ number }) => pullTask(number)));
    const probes = new Set([...Memory.runs(instances)].map(probeTask));
    tasks.abortUnless((name) => pulls.has(name) || probes.has(name) || name.startsWith('retire '));
    memory.keepOnly(instances);
    return {
      containerId,
      container,
      instances,
      route: routes.current(containerId),
      gpus: await gpus.of(containerId),
      progress: memory,
      domain,
      watchedSince: this.#watchedSince,
      now: now(),
    };
  }

  /** The engine is away: whoever asks for the container should know that nobody can tell how it is. */
  async #tellOfTrouble(containerId: string, error: unknown): Promise<void> {
    if (!(error instanceof EngineError)) return;
    const container = await this.#tools.containers.get(containerId);
    const reason = `${messageOf(error)}; trying again`;
    if (container === undefined || container.status === 'failed' || container.statusReason === reason) return;
    const { latest, status } = container;
    await this.#tools.containers.setStatus(containerId, latest.number, status, reason);
  }

  #subject(containerId: string): Subject {
    const known = this.#subjects.get(containerId);
    if (known !== undefined) return known;
    const { now } = this.#tools;
    const tasks = new Tasks((task, error) => {
      if (error === undefined) return this.kick(containerId);
      this.#note(error, { containerId, task }, 'a wait failed; it will be tried again');
      this.#queue.addAfter(containerId, RETRY_TASK_MS);
    });
    const kick = (at?: number) =>
      at === undefined ? this.kick(containerId) : this.#queue.addAfter(containerId, at - now());
    const subject = { containerId, memory: new Memory(), tasks, kick };
    this.#subjects.set(containerId, subject);
    return subject;
  }

  #forgetIfGone({ container, instances }: Situation, { containerId, tasks }: Subject): void {
    if (container === undefined && instances.length === 0 && tasks.idle) this.#subjects.delete(containerId);
  }

  /** Follows the engine's events. Each time the watch begins anew, everything may have changed: all is looked at. */
  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const events = await this.#tools.engine.events(signal);
        this.#engineOutage.recovered();
        this.#watchedSince = this.#tools.now();
        await this.#kickAll();
        for await (const { containerId } of events) this.kick(containerId);
      } catch (error) {
        if (signal.aborted) return;
        if (this.#engineOutage.failed(error)) await this.#kickAll();
      }
      await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #tick(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#kickAll();
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Has everything looked at: what is recorded, what runs, and what the gateway has a route for. */
  async #kickAll(): Promise<void> {
    try {
      for (const id of await this.#tools.containers.ids()) this.kick(id);
      for (const id of this.#tools.routes.containerIds()) this.kick(id);
      for (const id of await this.#tools.gpus.holderIds()) this.kick(id);
      for (const { containerId } of await this.#tools.engine.instances(null, this.#closing.signal))
        this.kick(containerId);
    } catch (error) {
      if (!this.#closing.signal.aborted)
        this.#note(error, {}, 'could not look at everything; the next tick will');
    }
  }

  /** That the engine is away is said once, by the watch. Of what is no refusal of the engine the stack is wanted. */
  #note(error: unknown, where: object, message: string): void {
    const { log } = this.#tools;
    if (!(error instanceof EngineError)) log.error({ ...where, err: error }, message);
    else log[error.kind === 'unavailable' ? 'debug' : 'warn']({ ...where, reason: error.message }, message);
  }
}
