import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Container } from '../domain/container.ts';
import { formatBytes } from '../domain/quantity.ts';
import type { Engine } from '../engine/engine.ts';
import { Outage } from './outage.ts';

const INTERVAL_MS = 5_000;

/** What the watch needs. */
export interface StorageWatchTools {
  readonly engine: Pick<Engine, 'instances' | 'storageUse'>;
  readonly containers: { get(id: string): Promise<Container | undefined> };
  readonly log: Logger;
  readonly onOverLimit: (containerId: string, instanceId: string, reason: string) => void;
}

/**
 * Holds `ephemeralStorage` where the storage driver can't: measures each instance's writable layer and tells of those
 * that outgrew their limit, until the signal aborts.
 */
export async function watchStorage(tools: StorageWatchTools, signal: AbortSignal): Promise<void> {
  const outage = new Outage('the measure of disk use', tools.log, Date.now);
  while (!signal.aborted) {
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await measure(tools, signal);
      outage.recovered();
    } catch (error) {
      if (!signal.aborted) outage.failed(error);
    }
  }
}

async function measure(
  { engine, containers, onOverLimit }: StorageWatchTools,
  signal: AbortSignal,
): Promise<void> {
  const use = await engine.storageUse(signal);
  if (use.size === 0) return;
  for (const { id, containerId, revision } of await engine.instances(null, signal)) {
    const container = await containers.get(containerId);
    const spec = [container?.latest, container?.serving].find((one) => one?.number === revision)?.spec;
    const used = use.get(id) ?? 0;
    if (spec === undefined || used <= spec.ephemeralStorage.bytes) continue;
    const reason =
      `stopped: it wrote ${formatBytes(used)} to its own disk and ephemeralStorage is ${spec.ephemeralStorage.text}; ` +
      'write less, use a volume, or raise ephemeralStorage';
    onOverLimit(containerId, id, reason);
  }
}
