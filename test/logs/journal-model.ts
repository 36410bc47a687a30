import fc from 'fast-check';
import type { Container } from '../../src/domain/container.ts';
import type { Instance } from '../../src/domain/instance.ts';
import type { LogLine, LogStream } from '../../src/domain/log-line.ts';
import { formatLineId } from '../../src/logs/line-id.ts';
import type { LogEvent, LogRequest } from '../../src/logs/log-event.ts';
import { LogReader } from '../../src/logs/log-reader.ts';
import type { Journals } from '../../src/logs/ports.ts';
import { Changes } from '../../src/reconcile/changes.ts';
import { container, ID, instance, revision } from '../reconcile/situations.ts';

export const NEVER = new AbortController().signal;

/**
 * What `since` leaves out. Engine 20.10 judges each line for itself; newer ones give everything from the first line
 * that is not earlier.
 */
export type SinceMode = 'each' | 'from-first';

/** Instances with journals, read as the engine reads them. */
export class JournalModel implements Journals {
  readonly #mode: SinceMode;
  readonly journals = new Map<Instance, LogLine[]>();

  constructor(mode: SinceMode, lines: readonly LogLine[] = []) {
    this.#mode = mode;
    this.journals.set(instance(1), [...lines]);
  }

  async instances(): Promise<readonly Instance[]> {
    return [...this.journals.keys()];
  }

  async *logs(instanceId: string, { since, tail }: { since: string | null; tail: number | null }) {
    const [, lines = []] = [...this.journals].find(([{ id }]) => id === instanceId) ?? [];
    const last = tail === null ? lines : lines.slice(Math.max(0, lines.length - tail));
    const isIn = ({ timestamp }: LogLine) => since === null || timestamp >= since;
    const first = last.findIndex(isIn);
    yield* this.#mode === 'each' ? last.filter(isIn) : first < 0 ? [] : last.slice(first);
  }

  /** What a reader is given, without following; a line as its id and text. */
  async read(request: Partial<LogRequest> = {}, of: Container = served(1)): Promise<LogEvent[]> {
    const reader = new LogReader({
      engine: this,
      containers: { get: async () => of },
      changes: new Changes(),
    });
    const whole = {
      containerId: ID,
      revision: null,
      follow: false,
      tail: 'all',
      since: null,
      lastEventId: null,
    } as const;
    const events: LogEvent[] = [];
    for await (const event of await reader.open({ ...whole, ...request }, NEVER)) events.push(event);
    return events;
  }
}

/** A container whose serving revision is its latest. */
export function served(number: number): Container {
  const ready = revision(number, { kind: 'ready' });
  return container(ready, ready);
}

/** An event in short: `id text` of a line. */
export function brief(event: LogEvent): string {
  return event.kind === 'line' ? `${formatLineId(event.id)} ${event.line.text}` : `revision ${event.number}`;
}

const START = Date.UTC(2026, 0, 1);

/** A timestamp so many nanoseconds after the model's beginning. */
export function at(nanoseconds: number): string {
  const ms = Math.floor(nanoseconds / 1e6);
  return `${new Date(START + ms).toISOString().slice(0, 23)}${String(nanoseconds % 1e6).padStart(6, '0')}Z`;
}

/**
 * A journal as the engine writes one: either output's timestamps never go back, and often stand still; the outputs overtake each
 * other by up to a second; now and then nothing is written for a while.
 */
export const journal: fc.Arbitrary<LogLine[]> = fc
  .array(
    fc.record({
      stream: fc.constantFrom<LogStream>('stdout', 'stderr'),
      step: fc.constantFrom(0, 0, 0, 1, 2, 1_000_000, 20_000_000),
      pause: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 3_000_000_000, 15_000_000_000),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    const clocks = { stdout: 0, stderr: 0 };
    return steps.map(({ stream, step, pause }, index) => {
      if (pause > 0) {
        const both = Math.max(clocks.stdout, clocks.stderr) + pause;
        clocks.stdout = both;
        clocks.stderr = both;
      }
      clocks[stream] += step;
      return { stream, timestamp: at(clocks[stream]), text: `line ${index}` };
    });
  });

export const sinceMode = fc.constantFrom<SinceMode>('each', 'from-first');
