import type { InstanceActivity } from './activity.ts';

/** Between two reports when a count reached or left 0: at once for a person, yet bounded under load. */
const EDGE_MS = 20;
const QUIET_MS = 1_000;

/** One instance's activity, as it is told to others. */
export interface ReportedActivity extends InstanceActivity {
  readonly instance: string;
}

/** Tells of changed activity: at once when an instance becomes busy or idle, otherwise once a second at most. */
export class ActivityReport {
  readonly #send: (instances: ReportedActivity[]) => void;
  readonly #busy = new Set<string>();
  readonly #changed = new Map<string, ReportedActivity>();
  #sentAt = 0;
  #due = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (instances: ReportedActivity[]) => void) {
    this.#send = send;
  }

  note(instance: string, activity: InstanceActivity): void {
    const edge = activity.inFlight > 0 !== this.#busy.has(instance);
    if (edge && activity.inFlight > 0) this.#busy.add(instance);
    if (edge && activity.inFlight === 0) this.#busy.delete(instance);
    this.#changed.set(instance, { instance, ...activity });
    this.#schedule(this.#sentAt + (edge ? EDGE_MS : QUIET_MS));
  }

  /** Sends what has changed since the last report. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#due = Number.POSITIVE_INFINITY;
    if (this.#changed.size === 0) return;
    this.#sentAt = performance.now();
    const instances = [...this.#changed.values()];
    this.#changed.clear();
    this.#send(instances);
  }

  #schedule(due: number): void {
    if (due >= this.#due) return;
    const wait = due - performance.now();
    clearTimeout(this.#timer);
    this.#due = due;
    if (wait <= 0) this.flush();
    else this.#timer = setTimeout(() => this.flush(), wait);
  }
}
