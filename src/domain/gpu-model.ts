import { GPU_SERIES } from './gpu-catalogue.ts';
import type { GpuModel } from './gpu-series.ts';

export type { GpuModel } from './gpu-series.ts';

/** Every model that a container may wish for: the documented ones in the document's order, then the others. */
export const GPU_MODELS: readonly GpuModel[] = GPU_SERIES.flatMap(({ models }) => models);

const BY_WORD: ReadonlyMap<string, GpuModel> = new Map(
  GPU_MODELS.flatMap((model) => [[model.code, model] as const, [model.name.toLowerCase(), model] as const]),
);

/** The model that a code or a name in any case stands for. */
export function findGpuModel(word: string): GpuModel | undefined {
  return BY_WORD.get(word.toLowerCase());
}
