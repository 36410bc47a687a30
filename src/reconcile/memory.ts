import type { Revision } from '../domain/container.ts';
import type { Instance } from '../domain/instance.ts';
import { nextSetback } from './setback.ts';
import { type Probe, type Progress, type Pull, runKey, type Setback } from './situation.ts';

/** One container's `Progress` as the operations write it. */
export class Memory implements Progress {
  readonly pulls = new Map<number, Pull>();
  readonly probes = new Map<string, Probe>();
  readonly setbacks = new Map<number, Setback>();
  readonly retiring = new Set<string>();
  readonly overLimit = new Map<string, string>();
  readonly gpuFaults = new Map<string, string>();

  /** Notes that something went wrong with a revision, and when it is tried again. */
  setBack(
    revision: Revision,
    what: { reason: string; exit?: string; instance?: Instance; now: number },
  ): void {
    const { reason, exit = null, instance, now } = what;
    const readyForMs = instance === undefined ? 0 : this.#readyFor(instance);
    this.setbacks.set(
      revision.number,
      nextSetback(this.setbacks.get(revision.number), { reason, exit, readyForMs, now }),
    );
  }

  /** Forgets what belongs to instances that are gone. The probes of ended runs stay until their setback is noted. */
  keepOnly(instances: readonly Instance[]): void {
    const ids = new Set(instances.map((instance) => instance.id));
    for (const key of this.probes.keys()) if (!ids.has(instanceOfRun(key))) this.probes.delete(key);
    for (const notes of [this.overLimit, this.gpuFaults])
      for (const id of notes.keys()) if (!ids.has(id)) notes.delete(id);
  }

  /** The probes that belong to a run that goes on. */
  static runs(instances: readonly Instance[]): ReadonlySet<string> {
    return new Set(instances.map(runKey).filter((key) => key !== undefined));
  }

  /** How long the run that just ended had been ready, in milliseconds. */
  #readyFor(instance: Instance): number {
    if (instance.state.kind !== 'exited') return 0;
    const since = [...this.probes].flatMap(([key, probe]) =>
      instanceOfRun(key) === instance.id && probe.kind === 'ready' ? [probe.since] : [],
    );
    return since.length === 0 ? 0 : instance.state.finishedAt.getTime() - Math.max(...since);
  }
}

function instanceOfRun(key: string): string {
  return key.slice(0, key.indexOf('@'));
}
