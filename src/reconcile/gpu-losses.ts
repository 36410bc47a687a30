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
