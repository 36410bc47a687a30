import type { NewEvent } from '../domain/event.ts';
import type { GpuHolding, GpuInventory } from '../domain/gpu.ts';
import type { GpuBooks } from '../store/gpus.ts';

/** Remembers which devices are lost, and tells of each loss once. */
export class GpuLosses {
  readonly #lost = new Set<string>();

  /** The events for what was lost since the last look: one for each holder, or for the machine where nobody held it. */
  newSince(
    inventory: GpuInventory,
    { holdings, names }: Pick<GpuBooks, 'holdings' | 'names'>,
  ): readonly NewEvent[] {
    return inventory.gpus.flatMap(({ uuid, name, index, state }): readonly NewEvent[] => {
      if (state.kind === 'usable') this.#lost.delete(uuid);
      if (state.kind !== 'lost' || this.#lost.has(uuid)) return [];
      this.#lost.add(uuid);
      const lost = {
        kind: 'gpu-lost',
        reason: `GPU ${index} (${name}): ${state.reason}`,
        gpus: [uuid],
      } as const;
      const holders = holdings.filter(({ gpus }) => gpus.includes(uuid));
      if (holders.length === 0)
        return [{ ...lost, owner: null, containerId: null, name: null, revision: null }];
      return holders.map(({ owner, containerId, revision }) => {
        return { ...lost, owner, containerId, name: names.get(containerId) ?? null, revision };
      });
    });
  }
}

/** Why a holding is of no use any more. A device is missed only where the driver tells of all that there are. */
export function lossOf(held: GpuHolding, inventory: GpuInventory): readonly (readonly [number, string])[] {
  const complete = inventory.gpus.length > 0 && inventory.reason === null;
  for (const uuid of held.gpus) {
    const state = inventory.gpus.find((gpu) => gpu.uuid === uuid)?.state;
    if (state?.kind === 'lost') return [[held.revision, state.reason]];
    if (state === undefined && complete) return [[held.revision, `${uuid} is not in this machine any more`]];
  }
  return [];
}
