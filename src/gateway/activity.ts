/** What one instance has to do. */
export interface InstanceActivity {
  /** Requests and WebSockets open now. */
  readonly inFlight: number;
  /** When the last one began or ended, in milliseconds since 1970; 0 where there was none yet. */
  readonly lastUsed: number;
}

const IDLE: InstanceActivity = { inFlight: 0, lastUsed: 0 };

/** The requests in flight at each instance, counted in this process. */
export class Activity {
  readonly #byInstance = new Map<string, InstanceActivity>();
  readonly #changed: (instance: string, activity: InstanceActivity) => void;

  /** @param changed hears of each beginning and end of a request */
  constructor(changed: (instance: string, activity: InstanceActivity) => void) {
    this.#changed = changed;
  }

  /** Counts a request; the function that it returns ends it, once. */
  begin(instance: string): () => void {
    this.#add(instance, 1);
    let open = true;
    return () => {
      if (open) this.#add(instance, -1);
      open = false;
    };
  }

  of(instance: string): InstanceActivity {
    return this.#byInstance.get(instance) ?? IDLE;
  }

  /** Forgets idle instances that are not kept, so that the map doesn't grow with every deploy. */
  prune(kept: (instance: string) => boolean): void {
    for (const [instance, { inFlight }] of this.#byInstance) {
      if (inFlight === 0 && !kept(instance)) this.#byInstance.delete(instance);
    }
  }

  #add(instance: string, change: 1 | -1): void {
    const activity = { inFlight: this.of(instance).inFlight + change, lastUsed: Date.now() };
    this.#byInstance.set(instance, activity);
    this.#changed(instance, activity);
  }
}
