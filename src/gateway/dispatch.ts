import type { Route, Upstream } from '../domain/route.ts';
import type { InstanceActivity } from './activity.ts';
import { admit, type RequestHead } from './admission.ts';
import { chooseUpstream } from './choose-upstream.ts';
import type { Limits } from './limits.ts';
import { notReady, type Refusal, unknownHost } from './refusal.ts';
import type { RouteTable } from './route-table.ts';

/** Where a request goes. */
export interface Destination {
  readonly route: Route;
  readonly upstream: Upstream;
  readonly path: string;
  /** For Host and X-Forwarded-Host. */
  readonly authority: string | undefined;
}

/** What becomes of a request: it is forwarded, or answered here. */
export type Dispatch =
  | ({ readonly kind: 'forward' } & Destination)
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  /** Known, but nothing is there to answer yet. */
  | { readonly kind: 'asleep'; readonly route: Route; readonly refusal: Refusal };

/** Decides on a request by its head alone. */
export function dispatch(
  head: RequestHead,
  table: RouteTable,
  limits: Limits,
  activityOf: (instance: string) => InstanceActivity,
): Dispatch {
  const admitted = admit(head, limits);
  if ('status' in admitted) return { kind: 'refuse', refusal: admitted };
  const route = admitted.host === undefined ? undefined : table.find(admitted.host);
  if (!route) return { kind: 'refuse', refusal: unknownHost };
  const upstream = chooseUpstream(route.upstreams, activityOf);
  if (!upstream) return { kind: 'asleep', route, refusal: notReady };
  return { kind: 'forward', route, upstream, path: admitted.path, authority: admitted.authority };
}
