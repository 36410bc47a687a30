import { type GpuHolding, type GpuInventory, gpuNeedOf, lackingGpus } from '../domain/gpu.ts';
import { suitableGpus } from '../domain/gpu-match.ts';
import type { GpuUse } from '../engine/engine.ts';
import { type GpuRequest, uuidsOf } from '../schedule/request.ts';
import type { GpuBooks } from '../store/gpus.ts';

/** What the waiting containers ask for. */
export function requestsOf(
  { waiting, holdings }: GpuBooks,
  { gpus }: GpuInventory,
  use: readonly GpuUse[],
): readonly GpuRequest[] {
  return waiting.flatMap(({ container, place, overtaken }) =>
    lackingGpus(container, holdings).flatMap(({ number, spec }) => {
      const need = gpuNeedOf(spec);
      if (need === null) return [];
      const isServing = (held: GpuHolding) =>
        held.containerId === container.id && held.revision === container.serving?.number;
      const isIt = (one: GpuUse) => one.containerId === container.id && one.revision === number;
      const suitable = suitableGpus(gpus, need);
      return {
        containerId: container.id,
        revision: number,
        owner: container.createdBy,
        name: spec.name,
        need,
        place,
        overtaken,
        suitable,
        uuids: uuidsOf(suitable),
        servesOn: holdings.filter(isServing).flatMap((held) => held.gpus),
        sitsOn: use.filter(isIt).flatMap((one) => one.gpus),
      };
    }),
  );
}

/**
 * Instances that hold GPUs of which the books know nothing, as after a backup came back: nobody else may have those until
 * they are gone or written down again.
 */
export function strays({ holdings, waiting }: GpuBooks, use: readonly GpuUse[]): readonly GpuHolding[] {
  const isKnown = (one: GpuUse) =>
    holdings.some((held) => held.containerId === one.containerId && held.revision === one.revision);
  return use
    .filter((one) => !isKnown(one))
    .map((one) => {
      const whose = waiting.find(({ container }) => container.id === one.containerId)?.container;
      const about = { owner: whose?.createdBy ?? '', name: whose?.latest.spec.name ?? '' };
      return { ...one, ...about, memoryBytes: null, handover: false };
    });
}
