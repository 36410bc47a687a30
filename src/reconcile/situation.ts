import type { Container } from '../domain/container.ts';
import type { GpuHolding } from '../domain/gpu.ts';
import type { Instance } from '../domain/instance.ts';
import type { Route } from '../domain/route.ts';

/** How far the pull of a revision's image is. */
export type Pull =
  | { readonly kind: 'pulling'; readonly percent: number | null }
  | { readonly kind: 'pulled' };

/** Whether one run of an instance (from a start to its end) answers on its port. */
export type Probe =
  | { readonly kind: 'probing'; readonly seen: string | null }
  | { readonly kind: 'ready'; readonly since: number }
  | { readonly kind: 'failed'; readonly reason: string }
  /** No fault of the revision's: another instance may do. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** What went wrong with a revision lately, and when to try again. */
export interface Setback {
  /** How often in a row. */
  readonly count: number;
  readonly reason: string;
  /** How long to wait before the next try, in milliseconds. */
  readonly delayMs: number;
  /** Milliseconds since 1970. */
  readonly retryAt: number;
  /** The end of the run that this tells of; null where it was none. */
  readonly exit: string | null;
}

/** What this berthd knows of a container beside store and engine. Losing it costs a probe or a retry, nothing more. */
export interface Progress {
  /** By revision number. */
  readonly pulls: ReadonlyMap<number, Pull>;
  /** By `runKey`. */
  readonly probes: ReadonlyMap<string, Probe>;
  /** By revision number. */
  readonly setbacks: ReadonlyMap<number, Setback>;
  /** Ids of instances that are on their way out: drained, stopped, removed. */
  readonly retiring: ReadonlySet<string>;
  /** Why instances must go, by id: they took more disk than they may. */
  readonly overLimit: ReadonlyMap<string, string>;
  /** Why instances lost their GPUs, by id. */
  readonly gpuFaults: ReadonlyMap<string, string>;
}

/** What a container holds of the machine's GPUs, and what it waits for: by revision number. */
export interface ContainerGpus {
  readonly holdings: ReadonlyMap<number, GpuHolding>;
  /** Why a holding is of no use any more: a device of it is lost. */
  readonly lost: ReadonlyMap<number, string>;
  /** What a revision that waits is told. */
  readonly waiting: ReadonlyMap<number, string>;
}

/** All that `plan` decides by. */
export interface Situation {
  readonly containerId: string;
  /** Undefined once deleted. */
  readonly container: Container | undefined;
  readonly instances: readonly Instance[];
  /** What the gateway holds for the container. */
  readonly route: Route | undefined;
  readonly gpus: ContainerGpus;
  readonly progress: Progress;
  /** The suffix of generated host names. */
  readonly domain: string;
  /** Since when the engine is watched without a gap; what ended before ended with the engine or the machine. */
  readonly watchedSince: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Names one run of an instance: a restart makes another run, whose readiness is unknown again. */
export function runKey(instance: Instance): string | undefined {
  return instance.state.kind === 'running'
    ? `${instance.id}@${instance.state.startedAt.getTime()}`
    : undefined;
}

/** Names the end of one run. */
export function exitKey(instance: Instance): string | undefined {
  return instance.state.kind === 'exited'
    ? `${instance.id}@${instance.state.finishedAt.getTime()}`
    : undefined;
}
