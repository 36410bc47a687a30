import type { Gpu, GpuNeed } from '../domain/gpu.ts';

/** A revision that waits for GPUs. */
export interface GpuRequest {
  readonly containerId: string;
  readonly revision: number;
  readonly owner: string;
  /** The container's name. */
  readonly name: string;
  readonly need: GpuNeed;
  /** Lower came earlier. */
  readonly place: number;
  /** How often one that came later got devices that would have done for this one. */
  readonly overtaken: number;
  /** Groups of devices that would do, each of one model, the preferred first. */
  readonly suitable: readonly (readonly Gpu[])[];
  /** All of these, by uuid. */
  readonly uuids: ReadonlySet<string>;
  /** What its container's serving revision holds: taken in its place only where nothing else will do. */
  readonly servesOn: readonly string[];
  /** What an instance of it already runs on, from before the books were lost. */
  readonly sitsOn: readonly string[];
}

/** The devices of some groups, by uuid. */
export function uuidsOf(groups: readonly (readonly Gpu[])[]): ReadonlySet<string> {
  return new Set(groups.flat().map(({ uuid }) => uuid));
}

/** All devices that would do, each once: groups may have some in common. */
export function devicesFor({ suitable }: GpuRequest): readonly Gpu[] {
  return [...new Map(suitable.flat().map((gpu) => [gpu.uuid, gpu])).values()];
}

/** Whether two requests can stand in each other's way. */
export function compete(a: GpuRequest, b: GpuRequest): boolean {
  return !a.uuids.isDisjointFrom(b.uuids);
}
