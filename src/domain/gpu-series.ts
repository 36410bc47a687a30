/** A kind of GPU that a container may wish for. */
export interface GpuModel {
  /** Short, unique, lower case: "a100", "4090". */
  readonly code: string;
  /** "Nvidia a100", "Nvidia rtx-4090". */
  readonly name: string;
}

/** What a maker puts before the name of a card, in lower case; empty where it may be left out. */
export type GpuBrand = '' | 'tesla' | 'quadro' | 'geforce' | 'grid' | 'jetson' | 'tegra';

/** Models that are named alike. */
export interface GpuSeries {
  /** Those that the driver may put before the name: "Tesla T4" and "NVIDIA T4" are one card, "GeForce T4" is none. */
  readonly brands: readonly GpuBrand[];
  readonly models: readonly GpuModel[];
}

/**
 * A series from the names of its models, apart by white space: "rtx-4070-ti rtx-4070-ti-laptop". The code is the name without
 * what all in it have in common, `common`, and without dashes: "4070ti", "4070tilaptop".
 */
export function gpuSeries(brands: readonly GpuBrand[], common: RegExp, names: string): GpuSeries {
  const models = names
    .trim()
    .split(/\s+/)
    .map((name) => ({ code: name.replace(common, '').replaceAll('-', ''), name: `Nvidia ${name}` }));
  return { brands, models };
}
