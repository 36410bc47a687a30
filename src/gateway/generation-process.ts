import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { type Order, parseReport, type Report } from './orders.ts';
import type { GatewaySettings } from './settings.ts';
import { endWithin, exitOf, spawnRole } from './spawn-role.ts';

/** A generation, seen from the parent. */
export class GenerationProcess {
  readonly number: number;
  readonly startedAt = performance.now();
  /** Resolves with the reason when it has ended. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #reports = new EventEmitter<Record<Report, []>>();
  readonly #gone = new AbortController();

  constructor(settings: GatewaySettings, entry: string, number: number) {
    this.number = number;
    this.#child = spawnRole(settings, 'generation', number, entry);
    this.exited = exitOf(this.#child);
    void this.exited.then((reason) => this.#gone.abort(new Error(`it ended with ${reason}`)));
    this.#child.on('message', (message) => {
      const report = parseReport(message);
      if (report) this.#reports.emit(report);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return !this.#gone.signal.aborted;
  }

  onReload(listener: () => void): void {
    this.#reports.on('reload', listener);
  }

  /** Resolves when it reports this; rejects with the reason when it ends first, or at the deadline. */
  async reported(report: Report, deadlineMs: number): Promise<void> {
    const late = AbortSignal.timeout(deadlineMs);
    try {
      await once(this.#reports, report, { signal: AbortSignal.any([this.#gone.signal, late]) });
    } catch (error) {
      if (this.#gone.signal.aborted) throw this.#gone.signal.reason;
      throw late.aborted ? new Error(`it did not report "${report}" within ${deadlineMs} ms`) : error;
    }
  }

  tell(order: Order): void {
    // One that can't be told any more is about to be seen as exited.
    this.#child.send(order, () => undefined);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Resolves when it has ended; it is killed at the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.tell('stop');
    await endWithin(this.#child, this.exited, deadlineMs);
  }
}
