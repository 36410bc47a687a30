import type { GpuHolding } from '../domain/gpu.ts';
import { compete, type GpuRequest } from './request.ts';

/** One that was overtaken so often gets the next devices that would do for it, whoever else waits. */
const MOST_OVERTAKEN = 3;

/** Whether nobody may overtake it any more. */
export function isDue({ overtaken }: GpuRequest): boolean {
  return overtaken >= MOST_OVERTAKEN;
}

/**
 * Requests in the order in which they are served. First those that were overtaken too often; then by how many devices
 * of the wanted kind their user has or asked for before, so that nobody's tenth container goes before another's first;
 * then as they came.
 */
export function inLine(
  requests: readonly GpuRequest[],
  holdings: readonly GpuHolding[],
): readonly GpuRequest[] {
  const ranked = requests.map((request) => ({
    request,
    due: isDue(request) ? 0 : 1,
    share: isDue(request) ? 0 : shareOf(request, requests, holdings),
  }));
  return ranked
    .toSorted((a, b) => a.due - b.due || a.share - b.share || before(a.request, b.request))
    .map(({ request }) => request);
}

/** Devices that would do for the request and that its user has, or asked for before, in other containers. */
function shareOf(
  request: GpuRequest,
  requests: readonly GpuRequest[],
  holdings: readonly GpuHolding[],
): number {
  const isOthers = (one: { readonly owner: string; readonly containerId: string }) =>
    one.owner === request.owner && one.containerId !== request.containerId;
  const held = holdings
    .filter(isOthers)
    .flatMap(({ gpus }) => gpus)
    .filter((uuid) => request.uuids.has(uuid)).length;
  const asked = requests
    .filter((other) => isOthers(other) && before(other, request) < 0 && compete(other, request))
    .reduce((sum, { need }) => sum + need.count, 0);
  return held + asked;
}

function before(a: GpuRequest, b: GpuRequest): number {
  return a.place - b.place || a.revision - b.revision;
}

/** Which place a request has among those that want the same devices: from 1. */
export function positionIn(line: readonly GpuRequest[], request: GpuRequest): number {
  return line.slice(0, line.indexOf(request)).filter((other) => compete(other, request)).length + 1;
}
