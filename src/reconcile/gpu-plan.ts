import { type Revision, wantedRevisions } from '../domain/container.ts';
import type { GpuHolding } from '../domain/gpu.ts';
import type { Instance } from '../domain/instance.ts';
import type { Operation } from './operation.ts';
import type { Situation } from './situation.ts';

/**
 * How a revision stands with its GPUs.
 * - `clear`: it wants none, or holds what it wants and nothing of its container is in the way.
 * - `pending`: whether it gets any isn't known yet.
 * - `waiting`: it stands in line, or what it held is lost: no instance of it may run.
 * - `blocked`: it holds what it wants, but another instance of its container is still on it.
 * - `yields`: the next revision takes over its devices, and has all else that it needs.
 */
export type GpuStanding = 'clear' | 'pending' | 'waiting' | 'blocked' | 'yields';

/** How one of the wanted revisions stands with its GPUs. */
export function gpuStanding(
  situation: Situation,
  revision: Revision,
  wanted: readonly Revision[],
): GpuStanding {
  if (revision.spec.gpu === 0) return 'clear';
  const { holdings, lost, waiting } = situation.gpus;
  const held = holdings.get(revision.number);
  if (held === undefined) return waiting.has(revision.number) ? 'waiting' : 'pending';
  if (lost.has(revision.number)) return 'waiting';
  if (wanted.some((next) => takesOver(situation, next, held))) return 'yields';
  return situation.instances.some((one) => standsInTheWay(situation, one, held)) ? 'blocked' : 'clear';
}

/** Whether an instance was made with the devices that its revision holds now. One without a holding yet is given time. */
export function sitsRight({ gpus }: Situation, instance: Instance): boolean {
  const held = gpus.holdings.get(instance.revision);
  if (held === undefined) return instance.gpus.length === 0 || !gpus.waiting.has(instance.revision);
  return new Set(held.gpus).symmetricDifference(new Set(instance.gpus)).size === 0;
}

/** What a container holds and has no use for, with no process left on it. */
export function releases(situation: Situation): readonly Operation[] {
  const { container, instances, gpus, containerId } = situation;
  const wanted = container === undefined ? [] : wantedRevisions(container).map(({ number }) => number);
  return [...gpus.holdings.keys()].flatMap((revision) => {
    const again = wanted.includes(revision);
    const isUsed = instances.some((instance) => instance.revision === revision);
    if (isUsed || (again && !gpus.lost.has(revision))) return [];
    return { kind: 'release-gpus', containerId, revision, again };
  });
}

/** A newer revision whose turn has come on the devices of this one: its image is here, or its instance is. */
function takesOver({ gpus, progress, instances }: Situation, next: Revision, held: GpuHolding): boolean {
  const its = gpus.holdings.get(next.number);
  if (its === undefined || next.number <= held.revision || gpus.lost.has(next.number)) return false;
  const isReady =
    progress.pulls.get(next.number)?.kind === 'pulled' ||
    instances.some((instance) => instance.revision === next.number);
  return isReady && overlap(its.gpus, held.gpus) && !fitSideBySide(its, held);
}

/** One on its way out is on its devices until it is gone. */
function standsInTheWay(situation: Situation, instance: Instance, held: GpuHolding): boolean {
  if (!overlap(instance.gpus, held.gpus)) return false;
  if (instance.revision === held.revision) {
    return situation.progress.retiring.has(instance.id) || !sitsRight(situation, instance);
  }
  const its = situation.gpus.holdings.get(instance.revision);
  return its === undefined || !fitSideBySide(its, held);
}

/** Two revisions may be up on one device only where both reserved memory on it, and neither in place of the other. */
function fitSideBySide(a: GpuHolding, b: GpuHolding): boolean {
  return [a, b].every(({ handover, memoryBytes }) => !handover && memoryBytes !== null);
}

function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.some((uuid) => b.includes(uuid));
}
