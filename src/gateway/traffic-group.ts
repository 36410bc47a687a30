import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ActivityReport, type ReportedActivity } from './activity-report.ts';
import { ActivitySum } from './activity-sum.ts';
import type { DrainKind } from './drain.ts';
import { LISTEN_FD } from './inherited-socket.ts';
import { LIMITS } from './limits.ts';
import { RestartBackoff } from './restart-backoff.ts';
import { emptyTable, RouteTable, type Table } from './route-table.ts';
import type { GatewaySettings } from './settings.ts';
import { Traffic } from './traffic.ts';
import type { WorkerReport } from './worker-messages.ts';
import { WorkerProcess } from './worker-process.ts';

export interface TrafficGroupOptions {
  readonly settings: GatewaySettings;
  readonly entry: string;
  readonly log: Logger;
  activity(instances: ReportedActivity[]): void;
  wake(containerId: string): void;
}

const OWN = 'main';
const KILL_AFTER_MS = 2_000;

/** All the processes of one generation that serve traffic: this one, and workers beside it that share the socket. */
export class TrafficGroup {
  readonly #options: TrafficGroupOptions;
  readonly #own: Traffic;
  readonly #workers = new Set<WorkerProcess>();
  readonly #sum = new ActivitySum();
  readonly #report: ActivityReport;
  readonly #backoff = new RestartBackoff();
  readonly #draining = new AbortController();
  #table: Table = emptyTable;

  constructor(options: TrafficGroupOptions) {
    this.#options = options;
    this.#report = new ActivityReport((instances) => options.activity(instances));
    this.#own = new Traffic({
      limits: LIMITS,
      log: options.log,
      activity: (instance, activity) => this.#note(OWN, { instance, ...activity }),
      wake: (containerId) => options.wake(containerId),
    });
  }

  /** The table that every process uses, or is being told of. */
  get table(): Table {
    return this.#table;
  }

  /** Starts serving. Resolves with the address once every process serves. */
  async start(table: Table): Promise<{ host: string; port: number }> {
    await this.use(table);
    const address = await this.#own.serve(LISTEN_FD);
    const { workers } = this.#options.settings;
    await Promise.all(Array.from({ length: workers - 1 }, () => this.#startWorker()));
    return address;
  }

  /** Resolves once every process uses the table, and what was in flight before has been told. */
  async use(table: Table): Promise<void> {
    this.#table = table;
    this.#own.use(table);
    await Promise.all([...this.#workers].map((worker) => worker.use(table)));
    const routes = new RouteTable(table);
    this.#sum.prune((instance) => routes.has(instance));
    this.#report.flush();
  }

  activity(): ReportedActivity[] {
    return this.#sum.instances().map((instance) => ({ instance, ...this.#sum.of(instance) }));
  }

  /** Resolves when nothing is open any more, at the deadline at the latest. May be called again to hurry. */
  async drain(kind: DrainKind): Promise<void> {
    this.#draining.abort();
    const { drainTimeoutMs, stopTimeoutMs } = this.#options.settings;
    const deadlineMs = kind === 'retire' ? drainTimeoutMs : stopTimeoutMs;
    await Promise.all([
      this.#own.drain(kind, deadlineMs),
      ...[...this.#workers].map((worker) => worker.drain(kind, deadlineMs + KILL_AFTER_MS)),
    ]);
    this.#report.flush();
  }

  async #startWorker(): Promise<void> {
    const { settings, entry } = this.#options;
    const worker = new WorkerProcess(settings, entry, (from, report) => this.#reported(from, report));
    this.#workers.add(worker);
    void this.#watch(worker);
    await worker.use(this.#table);
  }

  /** Owns a worker until its end, and puts another in its place. */
  async #watch(worker: WorkerProcess): Promise<void> {
    const reason = await worker.exited;
    this.#workers.delete(worker);
    for (const instance of this.#sum.drop(worker.name)) this.#report.note(instance, this.#sum.of(instance));
    if (this.#draining.signal.aborted) return;
    this.#options.log.error({ reason }, 'a worker died; starting another');
    await sleep(this.#backoff.next(performance.now() - worker.startedAt));
    if (!this.#draining.signal.aborted) await this.#startWorker();
  }

  #reported(from: WorkerProcess, report: WorkerReport): void {
    if (report.type === 'activity') for (const activity of report.instances) this.#note(from.name, activity);
    if (report.type === 'wake') this.#options.wake(report.containerId);
  }

  #note(source: string, { instance, inFlight, lastUsed }: ReportedActivity): void {
    this.#sum.set(source, instance, { inFlight, lastUsed });
    this.#report.note(instance, this.#sum.of(instance));
  }
}
