import type { Gpu } from '../domain/gpu.ts';

/** From how many devices a near group is looked for: more than a machine has cards, and few enough for all their MIG instances. */
const MOST_SEEDS = 16;

/** How near two devices are, by uuid: more is nearer. */
export type Nearness = (a: string, b: string) => number;

/**
 * Of whole devices that would do, those to take. Several lie as near to each other as can be (one NUMA node, one NVLink
 * group); a single one is the one that leaves the nearest groups whole.
 */
export function chooseWhole(candidates: readonly Gpu[], count: number, nearness: Nearness): readonly Gpu[] {
  if (count === 1) {
    const ties = (gpu: Gpu) => total([gpu], candidates, nearness);
    return candidates.toSorted((a, b) => ties(a) - ties(b)).slice(0, 1);
  }
  const sets = candidates.slice(0, MOST_SEEDS).map((seed) => grow([seed], candidates, count, nearness));
  return sets.toSorted((a, b) => total(b, b, nearness) - total(a, a, nearness))[0] ?? [];
}

/** Of devices to share, those to take: the fullest that still have room, so that empty ones stay whole. */
export function chooseShared(
  candidates: readonly Gpu[],
  count: number,
  room: (gpu: Gpu) => number,
): readonly Gpu[] {
  return candidates.toSorted((a, b) => room(a) - room(b)).slice(0, count);
}

/** Adds the nearest device until there are enough. */
function grow(
  chosen: readonly Gpu[],
  candidates: readonly Gpu[],
  count: number,
  nearness: Nearness,
): readonly Gpu[] {
  if (chosen.length >= count) return chosen;
  const [nearest] = candidates
    .filter((gpu) => !chosen.includes(gpu))
    .toSorted((a, b) => total([b], chosen, nearness) - total([a], chosen, nearness));
  return nearest === undefined ? chosen : grow([...chosen, nearest], candidates, count, nearness);
}

/** The nearness of each of some devices to each of others, summed. */
function total(some: readonly Gpu[], others: readonly Gpu[], nearness: Nearness): number {
  return some
    .flatMap((a) => others.filter((b) => b !== a).map((b) => nearness(a.uuid, b.uuid)))
    .reduce((sum, each) => sum + each, 0);
}
