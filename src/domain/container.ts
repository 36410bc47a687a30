import type { ContainerSpec } from './container-spec.ts';

/** The three words that the API knows. */
export type Status = 'deploying' | 'deployed' | 'failed';

/** What became of one revision. It is kept, so that a failed one isn't tried again at every start. */
export type Outcome =
  | { readonly kind: 'pending' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly reason: string };

/** One accepted version of a container's spec. */
export interface Revision {
  readonly containerId: string;
  /** From 1, without gaps. */
  readonly number: number;
  readonly spec: ContainerSpec;
  readonly outcome: Outcome;
  readonly createdAt: Date;
}

/** A container as it is recorded: what is wanted (`latest`), what answers (`serving`), and what to tell about it. */
export interface Container {
  readonly id: string;
  /** The user's id: the token's `sub`. */
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly latest: Revision;
  /** The revision that answers requests; null until one was ready. */
  readonly serving: Revision | null;
  readonly status: Status;
  /** Why the status is what it is, for a person; null when there is nothing to say. */
  readonly statusReason: string | null;
}

/**
 * The revisions that should have an instance, the one that should answer first: the latest unless it failed, and
 * until that one is ready the one that answers now.
 */
export function wantedRevisions({ latest, serving }: Container): readonly Revision[] {
  const before =
    serving !== null && serving.number !== latest.number && serving.outcome.kind === 'ready' ? [serving] : [];
  if (latest.outcome.kind === 'failed') return before;
  return latest.outcome.kind === 'ready' ? [latest] : [latest, ...before];
}
