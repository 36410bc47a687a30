import type { Logger } from 'pino';
import { modelOf } from './domain/gpu-name.ts';
import type { Engine } from './engine/engine.ts';
import { GpuWatch } from './gpu/gpu-watch.ts';
import { type GpuFault, watchGpuHealth } from './reconcile/gpu-health.ts';
import { GpuScheduler } from './reconcile/gpu-scheduler.ts';
import type { EventStore } from './store/events.ts';
import type { GpuStore } from './store/gpus.ts';

/** What the GPU parts are built from. */
export interface GpuPartsOptions {
  readonly nvidiaSmi: string;
  readonly engine: Engine;
  readonly books: GpuStore;
  readonly events: EventStore;
  readonly log: Logger;
  /** Has a container looked at. */
  readonly kick: (containerId: string) => void;
  /** An instance lost its GPUs. */
  readonly onFault: (fault: GpuFault) => Promise<void>;
}

/** What looks after the machine's GPUs: sees them, gives them, and watches over those in use. */
export class GpuParts implements AsyncDisposable {
  readonly watch: GpuWatch;
  readonly scheduler: GpuScheduler;
  readonly #options: GpuPartsOptions;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: GpuPartsOptions) {
    const { nvidiaSmi, log } = options;
    this.#options = options;
    this.watch = new GpuWatch({
      nvidiaSmi,
      kernelLog: '/dev/kmsg',
      modelOf,
      isBusy: () => this.scheduler.isBusy,
      log,
    });
    this.scheduler = new GpuScheduler({ ...options, inventory: () => this.watch.latest() });
    this.watch.onChange(() => this.#run(this.scheduler.inventoryChanged()));
  }

  /** Looks, gives and watches from now on. */
  start(): void {
    this.watch.start();
    this.#run(this.watch.detected().then(() => this.scheduler.start()));
    const { engine, log, onFault } = this.#options;
    // What an instance lost, the machine may have lost.
    const onFaultSeen = async (fault: GpuFault) => {
      await onFault(fault);
      await this.watch.lookNow();
    };
    this.#run(watchGpuHealth({ engine, log, onFault: onFaultSeen }, this.#closing.signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.watch[Symbol.asyncDispose]();
    await this.scheduler[Symbol.asyncDispose]();
    await Promise.all(this.#running);
  }

  #run(work: Promise<void>): void {
    const run = work
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted)
          this.#options.log.error({ err: error }, 'what happened to a GPU could not be dealt with');
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }
}
