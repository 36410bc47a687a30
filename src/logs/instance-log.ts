import type { Instance } from '../domain/instance.ts';
import type { ChangeSubscription } from './changes.ts';
import { Journal, type Position } from './journal.ts';
import type { LogEvent } from './log-event.ts';
import { lookAgain } from './look.ts';
import type { LogSources } from './ports.ts';
import { hasMovedOn } from './which-instance.ts';

/** Which of an instance's lines to read. */
export interface InstanceLogRequest {
  readonly instance: Instance;
  readonly position: Position;
  /** Only lines of this time or later. */
  readonly since: string | null;
  /** Go on over every restart until the instance is gone. */
  readonly follow: boolean;
}

/** One instance's lines. Ends where the journal does, or with `follow` once the instance is gone. */
export async function* instanceLog(
  sources: LogSources,
  { instance, position, since, follow }: InstanceLogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogEvent, void, undefined> {
  using watch = sources.changes.subscribe(instance.containerId);
  const journal = new Journal(sources.engine, instance.id, since);
  let reached = position;
  for (let current: Instance | undefined = instance; current !== undefined; ) {
    try {
      for await (const { id, line } of journal.read(reached, follow, signal)) {
        reached = { kind: 'after', id };
        yield { kind: 'line', id, line };
      }
    } catch (error) {
      // An instance that is removed takes its journal along.
      if (signal.aborted || (await lookAgain(sources, instance, signal)) !== undefined) throw error;
      return;
    }
    current = follow ? await nextRun(sources, current, watch, signal) : undefined;
  }
}

/**
 * Waits until an instance whose log has ended may have more to tell; undefined once it is gone. The engine ends the
 * log of one that runs on only where the engine itself was restarted: then the next change is the time to ask again.
 */
async function nextRun(
  sources: LogSources,
  before: Instance,
  watch: ChangeSubscription,
  signal: AbortSignal,
): Promise<Instance | undefined> {
  for (let waited = false; ; waited = true) {
    const now = await lookAgain(sources, before, signal);
    if (now === undefined || hasMovedOn(before.state, now.state)) return now;
    if (await hasFailed(sources, now)) return undefined;
    if (waited && now.state.kind === 'running') return now;
    await watch.next(signal);
  }
}

/** A revision that failed runs no more, though the end of its log is kept. */
async function hasFailed(
  { containers }: LogSources,
  { containerId, revision, state }: Instance,
): Promise<boolean> {
  if (state.kind === 'running') return false;
  const latest = (await containers.get(containerId))?.latest;
  return latest?.number === revision && latest.outcome.kind === 'failed';
}
