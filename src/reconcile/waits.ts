import type { Revision } from '../domain/container.ts';
import type { Instance } from '../domain/instance.ts';
import { attempt } from './attempt.ts';
import { pullImage } from './pull.ts';
import { awaitReadiness } from './readiness.ts';
import { runKey } from './situation.ts';
import { type Subject, type Tools, within } from './tools.ts';

/** How long an instance may take to end after its stop signal, as with `docker stop`. */
const STOP_GRACE_MS = 10_000;
/** How often a status that only counts up is written. */
const PROGRESS_MS = 1_000;

/** The name of the task that pulls for a revision. */
export function pullTask(revision: number): string {
  return `pull ${revision}`;
}

/** The name of the task that probes a run. */
export function probeTask(run: string): string {
  return `probe ${run}`;
}

/** Begins to get a revision's image. */
export function beginPull(revision: Revision, subject: Subject, tools: Tools): void {
  const { memory, tasks, kick } = subject;
  const onProgress = (percent: number | null) => {
    memory.pulls.set(revision.number, { kind: 'pulling', percent });
    kick(tools.now() + PROGRESS_MS);
  };
  memory.pulls.set(revision.number, { kind: 'pulling', percent: null });
  tasks.start(pullTask(revision.number), async (signal) => {
    await attempt(revision, subject, tools, async () => {
      try {
        await pullImage(revision, tools, onProgress, signal);
        memory.pulls.set(revision.number, { kind: 'pulled' });
      } catch (error) {
        memory.pulls.delete(revision.number);
        throw error;
      }
    });
  });
}

/**
 * Since when an instance has had time to answer, in milliseconds since 1970. A new revision's counts from its start, over
 * any restart of berthd. One that served before is asked anew, and a bad moment must not cost it its life.
 */
export function probeFrom({ outcome }: Revision, startedAt: Date, now: number): number {
  return outcome.kind === 'pending' ? startedAt.getTime() : now;
}

/** Begins to ask an instance whether it answers. */
export function beginProbe(
  { revision, instance }: { revision: Revision; instance: Instance },
  { memory, tasks, kick }: Subject,
  tools: Tools,
): void {
  const run = runKey(instance);
  if (run === undefined || instance.state.kind !== 'running') return;
  const { address } = instance;
  if (address === null) {
    memory.probes.set(run, { kind: 'failed', reason: 'the engine gave it no address on berth’s network' });
    kick();
    return;
  }
  memory.probes.set(run, { kind: 'probing', seen: null });
  const target = {
    instanceId: instance.id,
    address,
    port: revision.spec.port,
    healthPath: revision.spec.healthPath,
    deadline: probeFrom(revision, instance.state.startedAt, tools.now()) + tools.startTimeoutMs,
    startTimeoutMs: tools.startTimeoutMs,
  };
  const onSeen = (seen: string) => {
    memory.probes.set(run, { kind: 'probing', seen });
    kick(tools.now() + PROGRESS_MS);
  };
  tasks.start(probeTask(run), async (signal) => {
    try {
      const readiness = await awaitReadiness(target, tools.engine, onSeen, signal);
      memory.probes.set(run, readiness.kind === 'ready' ? { kind: 'ready', since: tools.now() } : readiness);
    } catch (error) {
      memory.probes.delete(run);
      throw error;
    }
  });
}

/** Begins to drain, stop and remove an instance. */
export function beginRetire(instance: Instance, { memory, tasks }: Subject, tools: Tools): void {
  memory.retiring.add(instance.id);
  tasks.start(`retire ${instance.id}`, async (signal) => {
    try {
      await tools.routes.drained(instance.id, within(signal, tools.drainTimeoutMs)).catch(() => {
        // Its own deadline is all that else ends the wait.
        signal.throwIfAborted();
        const { containerId, id } = instance;
        tools.log.info(
          { containerId, instance: id },
          'stopping an instance with requests open: the drain deadline passed',
        );
      });
      await tools.engine.stop(instance.id, STOP_GRACE_MS, signal);
      await tools.engine.remove(instance.id, signal);
      const { containerId, revision, id } = instance;
      tools.log.info({ containerId, revision, instance: id }, 'instance stopped and removed');
    } finally {
      memory.retiring.delete(instance.id);
    }
  });
}
