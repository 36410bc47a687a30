import type { GpuClaims, GpuSight } from '../../src/api/deps.ts';
import type { GpuInventory } from '../../src/domain/gpu.ts';

/** A machine without GPUs. */
export const NO_GPUS: GpuInventory = {
  gpus: [],
  reason: 'nvidia-smi is not installed',
  nearness: () => 0,
};

/** Nobody has a GPU, and nobody waits for one. */
export const NO_CLAIMS: GpuClaims = { holders: () => [], waiting: () => [] };

/** A sight that never changes. */
export function sightOf(inventory: GpuInventory): GpuSight {
  return { latest: () => inventory, detected: async () => inventory, fresh: async () => inventory };
}
