import type { Gpu, GpuHolding, GpuNeed } from '../../src/domain/gpu.ts';
import { suitableGpus } from '../../src/domain/gpu-match.ts';
import { findGpuModel } from '../../src/domain/gpu-model.ts';
import { type GpuRequest, uuidsOf } from '../../src/schedule/request.ts';

const GIB = 1024 ** 3;

/** A card of a model, by its code. */
export function card(index: number, code = 'a100', memoryGib: number | null = 80): Gpu {
  const model = findGpuModel(code) ?? null;
  return {
    uuid: `GPU-${index}`,
    index,
    name: `NVIDIA ${code.toUpperCase()}`,
    model,
    kind: 'card',
    memoryBytes: memoryGib === null ? null : memoryGib * GIB,
    state: { kind: 'usable' },
    reading: { memoryUsedBytes: 0, utilization: 0, temperature: 30, power: 50 },
  };
}

/** A machine of cards of one model. */
export function cards(count: number, code = 'a100'): readonly Gpu[] {
  return Array.from({ length: count }, (_, index) => card(index, code));
}

/** Whole cards of any kind. */
export function whole(count = 1, wishes: readonly string[] | null = null): GpuNeed {
  return { count, memoryBytes: null, wishes };
}

/** A share of one card. */
export function share(gib: number): GpuNeed {
  return { count: 1, memoryBytes: gib * GIB, wishes: null };
}

/** One that waits; its place is its number. */
export function request(
  gpus: readonly Gpu[],
  place: number,
  need: GpuNeed = whole(),
  more: Partial<GpuRequest> = {},
): GpuRequest {
  const suitable = suitableGpus(gpus, need);
  return {
    containerId: `c${place}`,
    revision: 1,
    owner: 'ada',
    name: `name-of-c${place}`,
    need,
    place,
    overtaken: 0,
    suitable,
    uuids: uuidsOf(suitable),
    servesOn: [],
    sitsOn: [],
    ...more,
  };
}

/** What a container holds. */
export function held(
  containerId: string,
  gpus: readonly string[],
  more: Partial<GpuHolding> = {},
): GpuHolding {
  return {
    containerId,
    revision: 1,
    owner: 'ada',
    name: `name-of-${containerId}`,
    gpus,
    memoryBytes: null,
    handover: false,
    ...more,
  };
}
