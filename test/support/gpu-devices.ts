import type { Gpu, GpuInventory } from '../../src/domain/gpu.ts';
import { findGpuModel } from '../../src/domain/gpu-model.ts';

const GIB = 1024 ** 3;

/** A device of a model of the catalogue by its code, or of an unknown one. */
export function device(
  uuid: string,
  code: string | null,
  gib: number | null,
  fields: Partial<Gpu> = {},
): Gpu {
  const model = code === null ? null : (findGpuModel(code) ?? null);
  return {
    uuid,
    index: 0,
    name: `NVIDIA ${code?.toUpperCase() ?? 'Graphics Device'}`,
    model,
    kind: 'card',
    memoryBytes: gib === null ? null : gib * GIB,
    state: { kind: 'usable' },
    reading: { memoryUsedBytes: null, utilization: null, temperature: null, power: null },
    ...fields,
  };
}

/** A machine with these, numbered in this order. */
export function machineOf(gpus: readonly Gpu[], reason: string | null = null): GpuInventory {
  return { gpus: gpus.map((gpu, index) => ({ ...gpu, index })), reason, nearness: () => 0 };
}
