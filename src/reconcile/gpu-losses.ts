import type { NewEvent } from '../domain/event.ts';
import type { GpuHolding, GpuInventory } from '../domain/gpu.ts';

/** Remembers which devices are lost, and tells of each loss once. */
export class GpuLosses {
  readonly #lost = new Set<string>();

  /** The events for what was lost since the last look: one for each holder, or for the machine where nobody held it. */
  newSince(inventory: GpuInventory, holdings: readonly GpuHolding[]): readonly NewEvent[] {
    return inventory.gpus.flatMap(({ uuid, name, index, state }) => {
      if (state.kind === 'usable') this.#lost.delete(uuid);
      if (state.kind !== 'lost' || this.#lost.has(uuid)) return [];
      this.#lost.add(uuid);
      const reason = `GPU ${index} (${name}): ${state.reason}`;
      const holders = holdings.filter(({ gpus }) => gpus.includes(uuid));
      return [
        ...(holders.length === 0
          ? [lost({ owner: null, containerId: null, revision: null }, reason, uuid)]
          : []),
        ...holders.map((holder) => lost(holder, reason, uuid)),
      ];
    });
  }
}

function lost(
  { owner, containerId, revision }: Pick<NewEvent, 'owner' | 'containerId' | 'revision'>,
  reason: string,
  uuid: string,
): NewEvent {
  return { kind: 'gpu-lost', owner, containerId, name: null, revision, reason, gpus: [uuid] };
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
