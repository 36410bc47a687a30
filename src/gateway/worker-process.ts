import type { ChildProcess } from 'node:child_process';
import type { DrainKind } from './drain.ts';
import type { Table } from './route-table.ts';
import type { GatewaySettings } from './settings.ts';
import { endWithin, exitOf, spawnRole } from './spawn-role.ts';
import { parseWorkerReport, type WorkerOrder, type WorkerReport } from './worker-messages.ts';

/** A worker, seen from the main process of its generation. */
export class WorkerProcess {
  /** Resolves with the reason when it has ended. */
  readonly exited: Promise<string>;
  readonly name: string;
  readonly startedAt = performance.now();
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, () => void>();
  #sequence = 0;

  /** @param report hears what the worker tells, but for `applied` */
  constructor(
    settings: GatewaySettings,
    entry: string,
    report: (worker: WorkerProcess, report: WorkerReport) => void,
  ) {
    this.#child = spawnRole(settings, 'worker', settings.generation, entry);
    this.name = `worker ${this.#child.pid}`;
    this.exited = exitOf(this.#child);
    this.#child.on('message', (message) => {
      const parsed = parseWorkerReport(message);
      if (parsed.type === 'applied') this.#waiting.get(parsed.sequence)?.();
      else report(this, parsed);
    });
  }

  /** Resolves once the worker uses the table, or is gone. */
  async use(table: Table): Promise<void> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const applied = new Promise<void>((resolve) => this.#waiting.set(sequence, resolve));
    this.#send({ type: 'table', sequence, table });
    await Promise.race([applied, this.exited]);
    this.#waiting.delete(sequence);
  }

  /** Resolves when the worker has ended; it is killed at the deadline. */
  async drain(kind: DrainKind, deadlineMs: number): Promise<void> {
    this.#send({ type: 'drain', kind });
    await endWithin(this.#child, this.exited, deadlineMs);
  }

  #send(order: WorkerOrder): void {
    // A worker that can't be told any more is about to be seen as exited.
    this.#child.send(order, () => undefined);
  }
}
