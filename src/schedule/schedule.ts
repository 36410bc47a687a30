import type { Gpu, GpuHolding } from '../domain/gpu.ts';
import { chooseShared, chooseWhole, type Nearness } from './choose.ts';
import { inLine, isDue } from './line.ts';
import { Occupancy } from './occupancy.ts';
import { compete, devicesFor, type GpuRequest } from './request.ts';

/** What came of a look at all who wait. */
export interface Schedule {
  readonly grants: readonly GpuHolding[];
  /** Containers that were overtaken, each as often as it stands here. */
  readonly overtaken: readonly string[];
  /** Those who wait on, in order. */
  readonly line: readonly GpuRequest[];
}

/**
 * Gives devices to those who wait. In line order the first that fits gets what it needs, as long as nobody before it was
 * overtaken too often: for such a one everything that would do is kept until it fits. Pure; two containers never get the
 * same device, unless both share it by memory and it has enough for both.
 */
export function schedule(
  requests: readonly GpuRequest[],
  holdings: readonly GpuHolding[],
  nearness: Nearness,
): Schedule {
  const grants: GpuHolding[] = [];
  const overtaken: string[] = [];
  let waiting = requests;
  for (;;) {
    const held = [...holdings, ...grants];
    const line = inLine(waiting, held);
    const next = firstThatFits(line, new Occupancy(held), nearness);
    if (next === undefined) return { grants, overtaken, line };
    grants.push(next.grant);
    const rest = line.filter((request) => request !== next.request);
    const passed = overtakenBy(next, rest, new Occupancy(held));
    overtaken.push(...passed.map(({ containerId }) => containerId));
    waiting = rest.map((one) => (passed.includes(one) ? { ...one, overtaken: one.overtaken + 1 } : one));
  }
}

interface Fit {
  readonly request: GpuRequest;
  readonly grant: GpuHolding;
}

function firstThatFits(
  line: readonly GpuRequest[],
  occupancy: Occupancy,
  nearness: Nearness,
): Fit | undefined {
  const kept = new Set<string>();
  for (const request of line) {
    const grant = seat(request, occupancy) ?? findDevices(request, occupancy, kept, nearness);
    if (grant !== undefined) return { request, grant };
    if (isDue(request)) for (const { uuid } of keptFor(request)) kept.add(uuid);
  }
  return undefined;
}

/** What nobody else may have before one that was overtaken too often: nothing while too many are broken for it ever to fit. */
function keptFor({ suitable, need }: GpuRequest): readonly Gpu[] {
  const groups = suitable.map((group) => group.filter(({ state }) => state.kind === 'usable'));
  return groups.filter(({ length }) => length >= need.count).flat();
}

/** Writes down again what an instance runs on already. */
function seat(request: GpuRequest, occupancy: Occupancy): GpuHolding | undefined {
  const { sitsOn, need, containerId } = request;
  const gpus = devicesFor(request).filter(
    ({ uuid, state }) => sitsOn.includes(uuid) && state.kind !== 'lost',
  );
  if (gpus.length !== need.count || sitsOn.length !== need.count) return undefined;
  const fits = gpus.every((gpu) => occupancy.hasRoom(gpu, need, containerId));
  return fits ? holding(request, gpus, false) : undefined;
}

/** Devices for a request: beside all that its container holds, or else in place of that, last of all of what serves. */
function findDevices(
  request: GpuRequest,
  occupancy: Occupancy,
  kept: ReadonlySet<string>,
  nearness: Nearness,
): GpuHolding | undefined {
  const { containerId } = request;
  const isOwn = (gpu: Gpu) => occupancy.on(gpu.uuid).some((held) => held.containerId === containerId);
  const beside = (gpu: Gpu) => occupancy.hasRoom(gpu, request.need, null) && !kept.has(gpu.uuid);
  const instead = (gpu: Gpu) =>
    occupancy.hasRoom(gpu, request.need, containerId) && (isOwn(gpu) || !kept.has(gpu.uuid));
  const spare = (gpu: Gpu) => instead(gpu) && !request.servesOn.includes(gpu.uuid);
  const free = choose(request, beside, occupancy, nearness);
  if (free !== undefined) return holding(request, free, false);
  const own = choose(request, spare, occupancy, nearness) ?? choose(request, instead, occupancy, nearness);
  return own === undefined ? undefined : holding(request, own, true);
}

/** Enough devices of one group, from the first group that has them. */
function choose(
  { suitable, need }: GpuRequest,
  mayTake: (gpu: Gpu) => boolean,
  occupancy: Occupancy,
  nearness: Nearness,
): readonly Gpu[] | undefined {
  for (const group of suitable) {
    const candidates = group.filter((gpu) => gpu.state.kind === 'usable' && mayTake(gpu));
    if (candidates.length < need.count) continue;
    return need.memoryBytes === null
      ? chooseWhole(candidates, need.count, nearness)
      : chooseShared(candidates, need.count, (gpu) => occupancy.room(gpu));
  }
  return undefined;
}

function holding(request: GpuRequest, gpus: readonly Gpu[], handover: boolean): GpuHolding {
  const { containerId, revision, owner, name, need } = request;
  return {
    containerId,
    revision,
    owner,
    name,
    gpus: gpus.map(({ uuid }) => uuid),
    memoryBytes: need.memoryBytes,
    handover,
  };
}

/**
 * Who came before the one that was served and would have taken something that was free for all. Of each user only the
 * first in line: the others wait for that one anyway.
 */
function overtakenBy(
  { request, grant }: Fit,
  rest: readonly GpuRequest[],
  before: Occupancy,
): readonly GpuRequest[] {
  const free = grant.gpus.filter((uuid) =>
    before.on(uuid).every((held) => held.containerId !== request.containerId),
  );
  const passed = rest.filter(
    (other) => other.place < request.place && free.some((uuid) => other.uuids.has(uuid)),
  );
  return passed.filter(
    (one, index) => !passed.slice(0, index).some((first) => first.owner === one.owner && compete(first, one)),
  );
}
