import type { Upstream } from '../domain/route.ts';
import type { InstanceActivity } from './activity.ts';

/** The instance with the fewest requests in flight; of equals, the one that was used longest ago. */
export function chooseUpstream(
  upstreams: readonly Upstream[],
  activityOf: (instance: string) => InstanceActivity,
): Upstream | undefined {
  let chosen: Upstream | undefined;
  for (const upstream of upstreams) {
    if (!chosen || isLessBusy(activityOf(upstream.instance), activityOf(chosen.instance))) chosen = upstream;
  }
  return chosen;
}

function isLessBusy(a: InstanceActivity, b: InstanceActivity): boolean {
  return a.inFlight < b.inFlight || (a.inFlight === b.inFlight && a.lastUsed < b.lastUsed);
}
