import { type Container, type Revision, wantedRevisions } from './container.ts';
import type { ContainerSpec } from './container-spec.ts';
import type { GpuModel } from './gpu-model.ts';

/** Whether a device may be given to a container. */
export type GpuState =
  | { readonly kind: 'usable' }
  /** Off the bus, or in need of a reset: whoever has it has lost it, and nobody gets it until it is well again. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** The driver doesn't answer at present: whoever has it keeps it, and nobody gets it until it is known again. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** A GPU that a container can hold: a whole card, or one MIG instance of a card. */
export interface Gpu {
  /** As the driver says it: "GPU-…", "MIG-…". Unique for ever, where indexes move when a card is lost. */
  readonly uuid: string;
  /** The card's number as the driver counts; of a MIG instance that of its card. */
  readonly index: number;
  /** As the driver says it; of a MIG instance with the profile behind it: "NVIDIA A100-SXM4-40GB MIG 1g.5gb". */
  readonly name: string;
  /** Its entry in the catalogue; of a MIG instance its card's. Null when unknown. */
  readonly model: GpuModel | null;
  readonly kind: 'card' | 'mig';
  /** Null where the driver doesn't say: memory shared with the processor, as on GB10 and Jetson. */
  readonly memoryBytes: number | null;
  readonly state: GpuState;
  /** What it does now. */
  readonly reading: GpuReading;
}

/** What a device does at one moment; null where the driver doesn't say. */
export interface GpuReading {
  readonly memoryUsedBytes: number | null;
  /** 0–100. */
  readonly utilization: number | null;
  /** Degrees Celsius. */
  readonly temperature: number | null;
  /** Watts. */
  readonly power: number | null;
}

/** The machine's GPUs as they were seen last. Never changed: each look makes another. */
export interface GpuInventory {
  /** By index, those that are lost among them. */
  readonly gpus: readonly Gpu[];
  /** Why there are none, or fewer than the machine has, for a person; null where nothing is amiss. */
  readonly reason: string | null;
  /** How near two devices are to each other, by uuid: 0 (nothing known) and up; more is nearer. */
  nearness(a: string, b: string): number;
}

/** What a revision asks for. */
export interface GpuNeed {
  /** From 1. */
  readonly count: number;
  /** Shares each card by this much reserved memory; null takes whole cards. */
  readonly memoryBytes: number | null;
  /** Codes, names of models, or names of cards, as the client wrote them; null takes any. */
  readonly wishes: readonly string[] | null;
}

/** What a spec asks for; null where that is no GPU. */
export function gpuNeedOf(spec: ContainerSpec): GpuNeed | null {
  if (spec.gpu === 0) return null;
  return { count: spec.gpu, memoryBytes: spec.gpuMemory?.bytes ?? null, wishes: spec.desiredGPUs };
}

/** Whether two revisions ask for the same. */
export function isSameNeed(a: GpuNeed | null, b: GpuNeed | null): boolean {
  return (
    a?.count === b?.count &&
    a?.memoryBytes === b?.memoryBytes &&
    JSON.stringify(a?.wishes) === JSON.stringify(b?.wishes)
  );
}

/** The devices that one revision of a container holds. It lasts until no process of that revision is left. */
export interface GpuHolding {
  readonly containerId: string;
  readonly revision: number;
  /** Whose container it is. */
  readonly owner: string;
  /** The container's name when it got them. */
  readonly name: string;
  /** By uuid. */
  readonly gpus: readonly string[];
  /** Reserved on each; null holds them whole. */
  readonly memoryBytes: number | null;
  /** It takes the place of the container's other holdings on these devices: an instance of only one of them may be up. */
  readonly handover: boolean;
}

/** Which of a container's wanted revisions need GPUs and hold none. */
export function lackingGpus(container: Container, holdings: readonly GpuHolding[]): readonly Revision[] {
  return wantedRevisions(container).filter(
    ({ spec, number }) =>
      gpuNeedOf(spec) !== null &&
      !holdings.some((held) => held.containerId === container.id && held.revision === number),
  );
}
