import type { Container } from './container.ts';

/**
 * What can happen to a container or a GPU.
 * - `deploying`: a revision was accepted. `deployed`: it answers. `failed`: it won't run. `deleted`: the container is gone.
 * - `ended`: an instance ended by itself; another is made. `recovered`: the container answers again.
 * - `gpu-waiting`: a revision waits for GPUs. `gpu-taken`, `gpu-freed`: it holds them, holds them no more.
 * - `gpu-lost`: a GPU was lost; with a container, to that container. `gpu-found`: it is back.
 */
export const EVENT_KINDS = [
  'deploying',
  'deployed',
  'failed',
  'deleted',
  'ended',
  'recovered',
  'gpu-waiting',
  'gpu-taken',
  'gpu-freed',
  'gpu-lost',
  'gpu-found',
] as const;

/** One of EVENT_KINDS. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** Something that happened, to be recorded. */
export interface NewEvent {
  readonly kind: EventKind;
  /** Whose container it is about; null where it is about the machine, which is for an ADMIN to know. */
  readonly owner: string | null;
  readonly containerId: string | null;
  /** The container's name then. */
  readonly name: string | null;
  readonly revision: number | null;
  /** Why, for a person. */
  readonly reason: string | null;
  /** Which GPUs, by uuid. */
  readonly gpus: readonly string[];
}

/** What an event may say besides whose container it is about. */
export type EventDetail = Pick<NewEvent, 'revision'> & Partial<Pick<NewEvent, 'reason' | 'gpus'>>;

/** Something that happened to a revision of a container. */
export function containerEvent(
  kind: EventKind,
  { id, createdBy, latest }: Container,
  detail: EventDetail,
): NewEvent {
  const { revision, reason = null, gpus = [] } = detail;
  return { kind, owner: createdBy, containerId: id, name: latest.spec.name, revision, reason, gpus };
}

/** Something that happened, recorded. */
export interface RecordedEvent extends NewEvent {
  /** From 1, in the order in which things happened. */
  readonly id: number;
  readonly at: Date;
}
