import type { Gpu, GpuNeed } from '../domain/gpu.ts';

/** A revision that waits for GPUs. */
export interface GpuRequest {
  readonly containerId: string;
  readonly revision: number;
  readonly owner: string;
  readonly need: GpuNeed;
  /** Lower came earlier. */
  readonly place: number;
  /** How often one that came later got devices that would have done for this one. */
  readonly overtaken: number;
  /** Groups of devices that would do, each of one model, the preferred first. */
  readonly suitable: readonly (readonly Gpu[])[];
  /** What its container's serving revision holds: taken in its place only where nothing else will do. */
  readonly servesOn: readonly string[];
  /** What an instance of it already runs on, from before the books were lost. */
  readonly sitsOn: readonly string[];
}

/** Whether a device would do for a request. */
export function wants(request: GpuRequest, uuid: string): boolean {
  return request.suitable.some((group) => group.some((gpu) => gpu.uuid === uuid));
}

/** Whether two requests can stand in each other's way. */
export function compete(a: GpuRequest, b: GpuRequest): boolean {
  return a.suitable.some((group) => group.some((gpu) => wants(b, gpu.uuid)));
}
