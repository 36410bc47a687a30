import type { Container } from '../domain/container.ts';
import type { Instance, InstanceState } from '../domain/instance.ts';

/**
 * The instance whose log is meant: that of the given revision, else of the one that serves, else (nothing has served
 * yet) the newest, so that a first deploy can be watched. Undefined while there is none.
 */
export function whichInstance(
  container: Container,
  instances: readonly Instance[],
  revision: number | null,
): Instance | undefined {
  const wanted = revision ?? container.serving?.number ?? null;
  const candidates = wanted === null ? instances : instances.filter((one) => one.revision === wanted);
  return candidates.reduce<Instance | undefined>(
    (best, one) => (best === undefined || isNewer(one, best) ? one : best),
    undefined,
  );
}

/** Whether an instance of that revision may still be made; null stands for whichever revision comes to serve. */
export function mayComeYet(container: Container, revision: number | null): boolean {
  if (revision === null || revision === container.serving?.number) return true;
  return revision === container.latest.number && container.latest.outcome.kind !== 'failed';
}

/** Whether an instance was started or ended between two looks at it. */
export function hasMovedOn(before: InstanceState, now: InstanceState): boolean {
  return before.kind !== now.kind || momentOf(before) !== momentOf(now);
}

function isNewer(one: Instance, other: Instance): boolean {
  if (one.revision !== other.revision) return one.revision > other.revision;
  return momentOf(one.state) > momentOf(other.state);
}

/** When it came to be as it is, in milliseconds; what was just made is about to start. */
function momentOf(state: InstanceState): number {
  switch (state.kind) {
    case 'created':
      return Number.POSITIVE_INFINITY;
    case 'running':
      return state.startedAt.getTime();
    case 'exited':
      return state.finishedAt.getTime();
    case 'dead':
      return Number.NEGATIVE_INFINITY;
  }
}
