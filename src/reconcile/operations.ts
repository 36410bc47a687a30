import type { Logger } from 'pino';
import type { Revision } from '../domain/container.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { hostnamesOf } from '../domain/hostname.ts';
import type { Instance } from '../domain/instance.ts';
import type { Routes } from '../domain/route.ts';
import { type AddressRange, type Engine, EngineError } from '../engine/engine.ts';
import type { ContainerStore } from '../store/containers.ts';
import { exitReason } from './exit-reason.ts';
import type { Memory } from './memory.ts';
import type { Operation } from './operation.ts';
import { pullImage } from './pull.ts';
import { awaitReadiness } from './readiness.ts';
import { runKey } from './situation.ts';
import type { Tasks } from './tasks.ts';

const GATEWAY_MS = 15_000;
/** How long an instance may take to end after its stop signal, as with `docker stop`. */
const STOP_GRACE_MS = 10_000;
/** How often a status that only counts up is written. */
const PROGRESS_MS = 1_000;

/** What the operations work with. */
export interface Tools {
  readonly engine: Engine;
  readonly containers: ContainerStore;
  readonly routes: Routes;
  readonly nextAddress: (first: number, last: number) => Promise<number>;
  readonly log: Logger;
  /** The suffix of generated host names. */
  readonly domain: string;
  readonly startTimeoutMs: number;
  readonly drainTimeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A short name for a new instance, never used before. */
  readonly newInstanceId: () => string;
}

/** The one container that operations are carried out for. */
export interface Subject {
  readonly containerId: string;
  readonly memory: Memory;
  readonly tasks: Tasks;
  /** Have the container looked at again: now, or at a time (milliseconds since 1970). */
  readonly kick: (at?: number) => void;
}

/** Carries out one operation. Rejects only where trying the whole pass again later is the answer. */
export async function carryOut(
  operation: Operation,
  subject: Subject,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  const { containers, routes } = tools;
  const { containerId, memory } = subject;
  switch (operation.kind) {
    case 'pull':
      pull(operation.revision, subject, tools);
      return;
    case 'create':
      return await attempt(operation.revision, subject, tools, () =>
        create(operation, containerId, tools, signal),
      );
    case 'start':
      return await start(operation, subject, tools, signal);
    case 'probe':
      probe(operation, subject, tools);
      return;
    case 'note-exit':
      return await noteExit(operation, subject, tools, signal);
    case 'note-setback':
      memory.setBack(operation.revision, { reason: operation.reason, now: tools.now() });
      return;
    case 'publish':
      return await routes.publish(operation.route, within(signal, GATEWAY_MS));
    case 'withdraw':
      return await routes.withdraw(containerId, within(signal, GATEWAY_MS));
    case 'mark-serving': {
      const { number, spec } = operation.revision;
      return await containers.markServing(containerId, number, hostnamesOf(spec, containerId, tools.domain));
    }
    case 'fail':
      tools.log.warn(
        { containerId, revision: operation.revision.number, reason: operation.reason },
        'revision failed',
      );
      return await containers.markFailed(containerId, operation.revision.number, operation.reason);
    case 'retire':
      retire(operation.instance, subject, tools);
      return;
    case 'wake':
      subject.kick(operation.at);
      return;
    case 'report':
      return await containers.setStatus(containerId, operation.revision, operation.status, operation.reason);
  }
}

function within(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

/** The name of the task that pulls for a revision. */
export function pullTask(revision: number): string {
  return `pull ${revision}`;
}

/** The name of the task that probes a run. */
export function probeTask(run: string): string {
  return `probe ${run}`;
}

function pull(revision: Revision, subject: Subject, tools: Tools): void {
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

async function create(
  { revision, createdBy }: { revision: Revision; createdBy: string },
  containerId: string,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  const range: AddressRange = await tools.engine.prepareNetwork(signal);
  const { spec } = revision;
  const address = await tools.nextAddress(range.first, range.last);
  await tools.engine.create(
    {
      ...engineSpec(spec),
      instance: tools.newInstanceId(),
      containerId,
      revision: revision.number,
      address,
      createdBy,
    },
    signal,
  );
}

function engineSpec(spec: ContainerSpec) {
  return {
    name: spec.name,
    image: spec.image,
    cpu: spec.cpu,
    ramBytes: spec.ram.bytes,
    ephemeralStorageBytes: spec.ephemeralStorage.bytes,
    command: spec.command,
    arguments: spec.arguments,
    env: spec.env,
    port: spec.port,
    volumes: spec.volumes,
  };
}

async function start(
  { revision, instance }: { revision: Revision; instance: Instance },
  subject: Subject,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  await attempt(revision, subject, tools, async () => {
    try {
      await tools.engine.start(instance.id, signal);
    } catch (error) {
      // Whatever keeps this one from starting, the next try makes another, with another address.
      if (error instanceof EngineError && error.kind !== 'unavailable')
        await tools.engine.remove(instance.id, signal);
      throw error;
    }
  });
}

/** Does what may fail for the revision's own reasons: a final one fails a new revision, others are setbacks. */
async function attempt(
  revision: Revision,
  subject: Subject,
  tools: Tools,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === 'unavailable') throw error;
    const { memory, containerId } = subject;
    if (error.kind === 'gone') memory.pulls.delete(revision.number);
    if (isFinal(error) && revision.outcome.kind === 'pending') {
      tools.log.warn({ containerId, revision: revision.number, reason: error.message }, 'revision failed');
      await tools.containers.markFailed(containerId, revision.number, error.message);
    } else {
      memory.setBack(revision, { reason: error.message, now: tools.now() });
    }
  }
}

function isFinal({ kind }: EngineError): boolean {
  return kind.startsWith('image-') || kind === 'cannot-start';
}

function probe(
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
    deadline:
      Math.max(instance.state.startedAt.getTime(), tools.now() - tools.startTimeoutMs) + tools.startTimeoutMs,
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

async function noteExit(
  { revision, instance }: { revision: Revision; instance: Instance },
  { memory, containerId }: Subject,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  if (instance.state.kind !== 'exited') return;
  const reason = await exitReason(revision, instance, tools.engine, signal);
  const exit = `${instance.id}@${instance.state.finishedAt.getTime()}`;
  memory.setBack(revision, { reason, exit, instance, now: tools.now() });
  tools.log.info(
    { containerId, revision: revision.number, instance: instance.id, reason },
    'instance ended by itself',
  );
}

function retire(instance: Instance, { memory, tasks }: Subject, tools: Tools): void {
  memory.retiring.add(instance.id);
  tasks.start(`retire ${instance.id}`, async (signal) => {
    try {
      await tools.routes
        .drained(instance.id, within(signal, tools.drainTimeoutMs))
        .catch((error: unknown) => {
          signal.throwIfAborted();
          tools.log.info(
            { instance: instance.id, err: error },
            'drain deadline passed; stopping the instance with requests open',
          );
        });
      await tools.engine.stop(instance.id, STOP_GRACE_MS, signal);
      await tools.engine.remove(instance.id, signal);
    } finally {
      memory.retiring.delete(instance.id);
    }
  });
}
