import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Engine } from '../engine/engine.ts';
import { Outage } from './outage.ts';

const INTERVAL_MS = 10_000;

/** What the watch needs. */
export interface GpuHealthTools {
  readonly engine: Pick<Engine, 'gpuUse' | 'gpuFault'>;
  readonly log: Logger;
  readonly onFault: (fault: GpuFault) => Promise<void>;
}

/** An instance that lost its GPUs, and why. */
export interface GpuFault {
  readonly containerId: string;
  readonly revision: number;
  readonly instanceId: string;
  readonly gpus: readonly string[];
  readonly reason: string;
}

/** Asks each instance with GPUs whether it still has them, and tells of those that don't, until the signal aborts. */
export async function watchGpuHealth(tools: GpuHealthTools, signal: AbortSignal): Promise<void> {
  const outage = new Outage('the look at GPUs in containers', tools.log, Date.now);
  while (!signal.aborted) {
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const use = await tools.engine.gpuUse(signal);
      await Promise.all(
        [...use].map(async ([instanceId, user]) => {
          const reason = await tools.engine.gpuFault(instanceId, signal);
          if (reason !== undefined) await tools.onFault({ instanceId, ...user, reason });
        }),
      );
      outage.recovered();
    } catch (error) {
      if (!signal.aborted) outage.failed(error);
    }
  }
}
