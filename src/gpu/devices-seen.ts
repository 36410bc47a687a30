import type { Gpu, GpuState } from '../domain/gpu.ts';
import type { GpuModel } from '../domain/gpu-model.ts';
import type { CardRow } from './card-rows.ts';
import { inState, type KnownDevice, NO_READING } from './known.ts';
import type { Seen } from './look.ts';
import type { MigInstance } from './mig-instances.ts';

/** The catalogue entry of a card by the name its driver gives it. */
export type ModelOf = (productName: string) => GpuModel | null;

const UNNAMED = 'NVIDIA GPU';

/** The devices that a look shows: each card, or in its place its MIG instances. */
export function devicesSeen(seen: Seen, known: readonly KnownDevice[], modelOf: ModelOf): KnownDevice[] {
  return seen.cards.flatMap((card) => {
    const before = known.filter((device) => device.card === card.uuid && !device.dissolved);
    // A broken card may no longer say that it has instances; they are broken with it.
    if (card.mig === null && before.length > 0) return before.map((device) => inState(device, card.state));
    if (!card.mig) return [asKnown(cardDevice(card, before[0]?.gpu, modelOf), card.uuid)];
    const instances = seen.mig?.get(card.uuid) ?? [];
    return instances.map((instance) => asKnown(migDevice(card, instance, modelOf), card.uuid));
  });
}

function asKnown(gpu: Gpu, card: string): KnownDevice {
  return { gpu, card, missed: 0, dissolved: false };
}

function cardDevice(card: CardRow, before: Gpu | undefined, modelOf: ModelOf): Gpu {
  // A sick card's driver may have forgotten what it is.
  const name = card.name ?? before?.name ?? UNNAMED;
  const lost = card.state.kind === 'lost';
  return {
    uuid: card.uuid,
    index: card.index,
    name,
    model: modelOf(name),
    kind: 'card',
    memoryBytes: card.memoryBytes ?? (lost ? (before?.memoryBytes ?? null) : null),
    state: card.state,
    reading: lost ? NO_READING : card.reading,
  };
}

function migDevice(card: CardRow, instance: MigInstance, modelOf: ModelOf): Gpu {
  const name = card.name ?? UNNAMED;
  const state: GpuState = card.state;
  return {
    uuid: instance.uuid,
    index: card.index,
    name: `${name} MIG ${instance.profile}`,
    model: modelOf(name),
    kind: 'mig',
    memoryBytes: instance.memoryBytes,
    state,
    // Of the readings, only the temperature is true of every part of a card.
    reading: state.kind === 'lost' ? NO_READING : { ...NO_READING, temperature: card.reading.temperature },
  };
}
