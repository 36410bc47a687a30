import type { InstanceActivity } from './activity.ts';

/** The activity of each instance over all the processes that serve traffic. */
export class ActivitySum {
  readonly #bySource = new Map<string, Map<string, InstanceActivity>>();

  /** Takes what one process says of an instance. */
  set(source: string, instance: string, activity: InstanceActivity): void {
    const own = this.#bySource.get(source) ?? new Map<string, InstanceActivity>();
    this.#bySource.set(source, own.set(instance, activity));
  }

  /** A process is gone, and its requests with it. Returns the instances whose sum that changes. */
  drop(source: string): string[] {
    const gone = this.#bySource.get(source);
    this.#bySource.delete(source);
    return [...(gone?.keys() ?? [])];
  }

  of(instance: string): InstanceActivity {
    let inFlight = 0;
    let lastUsed = 0;
    for (const own of this.#bySource.values()) {
      const activity = own.get(instance);
      inFlight += activity?.inFlight ?? 0;
      lastUsed = Math.max(lastUsed, activity?.lastUsed ?? 0);
    }
    return { inFlight, lastUsed };
  }

  instances(): string[] {
    return [...new Set([...this.#bySource.values()].flatMap((own) => [...own.keys()]))];
  }

  /** Forgets idle instances that are not kept. */
  prune(kept: (instance: string) => boolean): void {
    for (const own of this.#bySource.values()) {
      for (const [instance, { inFlight }] of own) {
        if (inFlight === 0 && !kept(instance)) own.delete(instance);
      }
    }
  }
}
