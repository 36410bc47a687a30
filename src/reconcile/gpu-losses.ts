import type { NewEvent } from '../domain/event.ts';
import type { GpuHolding, GpuInventory } from '../domain/gpu.ts';

type Inventory = Pick<GpuInventory, 'gpus' | 'reason'>;
type Whose = Pick<NewEvent, 'owner' | 'containerId' | 'name' | 'revision'>;

const NOBODY: Whose = { owner: null, containerId: null, name: null, revision: null };

/** Remembers which devices are lost, and tells once of each loss, and of each that is back. */
export class GpuLosses {
  readonly #lost = new Set<string>();

  /** The events since the last look: for a loss one for each holder, or for the machine where nobody held it. */
  newSince(inventory: Inventory, holdings: readonly GpuHolding[]): readonly NewEvent[] {
    return [...this.#found(inventory), ...this.#missed(inventory, holdings)];
  }

  #found({ gpus }: Inventory): readonly NewEvent[] {
    return gpus
      .filter(({ uuid, state }) => state.kind === 'usable' && this.#lost.delete(uuid))
      .map(({ uuid, index, name }) => {
        return { kind: 'gpu-found', ...NOBODY, reason: `GPU ${index} (${name}) is back`, gpus: [uuid] };
      });
  }

  #missed(inventory: Inventory, holdings: readonly GpuHolding[]): readonly NewEvent[] {
    // Those that are held may be gone since before anybody looked.
    const uuids = [...inventory.gpus, ...holdings].flatMap((one) => ('gpus' in one ? one.gpus : one.uuid));
    return [...new Set(uuids)].flatMap((uuid) => {
      const reason = reasonOf(uuid, inventory);
      if (reason === undefined || this.#lost.has(uuid)) return [];
      this.#lost.add(uuid);
      const gpu = inventory.gpus.find((one) => one.uuid === uuid);
      const told = gpu === undefined ? reason : `GPU ${gpu.index} (${gpu.name}): ${reason}`;
      const holders = holdings.filter(({ gpus }) => gpus.includes(uuid));
      return [
        ...(holders.length === 0 ? [lost(NOBODY, told, uuid)] : []),
        ...holders.map((holder) => lost(holder, told, uuid)),
      ];
    });
  }
}

function lost({ owner, containerId, name, revision }: Whose, reason: string, uuid: string): NewEvent {
  return { kind: 'gpu-lost', owner, containerId, name, revision, reason, gpus: [uuid] };
}

/** Why a holding is of no use any more. */
export function lossOf(held: GpuHolding, inventory: Inventory): readonly (readonly [number, string])[] {
  const reasons = held.gpus.flatMap((uuid) => reasonOf(uuid, inventory) ?? []);
  return reasons.slice(0, 1).map((reason) => [held.revision, reason]);
}

/** Why a device is of no use any more; undefined where it is, or may be. */
function reasonOf(uuid: string, { gpus, reason }: Inventory): string | undefined {
  const state = gpus.find((gpu) => gpu.uuid === uuid)?.state;
  if (state !== undefined) return state.kind === 'lost' ? state.reason : undefined;
  // What is known is all that was listed since berthd started. MIG instances are listed apart, which may fail alone.
  const isMissed = gpus.length > 0 && (reason === null || !uuid.startsWith('MIG-'));
  if (!isMissed) return undefined;
  return `${uuid} is not in this machine any more${reason === null ? '' : `: ${reason}`}`;
}
