import type { Logger } from 'pino';
import type { Routes } from '../domain/route.ts';
import type { Engine } from '../engine/engine.ts';
import type { ContainerStore } from '../store/containers.ts';
import type { EventStore } from '../store/events.ts';
import type { KeptLogStore } from '../store/kept-logs.ts';
import type { Memory } from './memory.ts';
import type { ContainerGpus } from './situation.ts';
import type { Tasks } from './tasks.ts';

/** The GPUs of the machine as a container's passes see them. */
export interface Gpus {
  /** Has the queue looked at. */
  poke(): void;
  /** What a container holds and waits for. */
  of(containerId: string): Promise<ContainerGpus>;
  /** Every container that holds some, deleted ones too. */
  holderIds(): Promise<readonly string[]>;
  /** Frees what a revision holds: once no process of it is left. `again` has it wait for others. */
  release(containerId: string, revision: number, again: boolean): Promise<void>;
}

/** What the operations work with. */
export interface Tools {
  readonly engine: Engine;
  readonly containers: ContainerStore;
  readonly keptLogs: Pick<KeptLogStore, 'keep'>;
  readonly routes: Routes;
  readonly gpus: Gpus;
  readonly events: Pick<EventStore, 'add'>;
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

/** A signal that also aborts after `ms` milliseconds. */
export function within(signal: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}
