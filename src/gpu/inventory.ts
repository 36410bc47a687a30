import type { GpuInventory } from '../domain/gpu.ts';
import { devicesMissing } from './devices-missing.ts';
import { devicesSeen, type ModelOf } from './devices-seen.ts';
import { inState, type KnownDevice } from './known.ts';
import type { Look, Seen } from './look.ts';
import type { PciAddress } from './pci-address.ts';
import {
  inSentences,
  offBusAt,
  offBusReason,
  type Trouble,
  tellTroubles,
  those,
  unlistedReason,
} from './reasons.ts';
import { NO_SURROUNDINGS, type Surroundings } from './surroundings.ts';

const NOT_INSTALLED = 'no NVIDIA driver (nvidia-smi is not installed)';
/** Two instances of one card share all there is. */
const SAME_CARD = 1_000;

/** All that is known of the machine's GPUs. Never changed: each look makes another. */
export interface Knowledge {
  readonly devices: readonly KnownDevice[];
  readonly surroundings: Surroundings;
  readonly reason: string | null;
}

/** Before the first look. */
export const NOTHING_KNOWN: Knowledge = {
  devices: [],
  surroundings: NO_SURROUNDINGS,
  reason: 'nobody has looked for GPUs yet',
};

/** What else is to be considered besides what the driver says. */
export interface Circumstances {
  readonly modelOf: ModelOf;
  /** Where the cards sit now. */
  readonly surroundings: Surroundings;
  /** Cards that the kernel reported broken a moment ago, by uuid, with why: the driver may not have noticed yet. */
  readonly broken: ReadonlyMap<string, string>;
}

/** What is known after a look. Devices once seen are remembered, so that whoever holds one learns what became of it. */
export function afterLook(before: Knowledge, look: Look, circumstances: Circumstances): Knowledge {
  const devices = devicesAfter(before, look, circumstances)
    .map((device) => broken(device, circumstances.broken))
    .sort((a, b) => a.gpu.index - b.gpu.index);
  return { devices, surroundings: circumstances.surroundings, reason: reasonOf(look, devices) };
}

function devicesAfter(
  { devices }: Knowledge,
  look: Look,
  { modelOf, surroundings }: Circumstances,
): readonly KnownDevice[] {
  switch (look.kind) {
    case 'absent':
      return devices.map((device) => outOfSight(device, NOT_INSTALLED));
    case 'failed':
      return devices.map((device) => outOfSight(device, look.reason));
    case 'off-bus':
      return fallen(devices, look.addresses, look.reason, surroundings.addresses);
    case 'seen': {
      const seen = devicesSeen(look, devices, modelOf);
      const shown = new Set(seen.map((device) => device.gpu.uuid));
      const missing = devices.filter((device) => !shown.has(device.gpu.uuid));
      return [...seen, ...devicesMissing(look, missing, surroundings.addresses)];
    }
  }
}

/** Nobody can tell how it is. What was lost stays lost. */
function outOfSight(device: KnownDevice, reason: string): KnownDevice {
  return device.gpu.state.kind === 'lost' ? device : inState(device, { kind: 'unknown', reason });
}

/** The named cards are lost. The others stay as they are, unless one of them may be the one that was named. */
function fallen(
  devices: readonly KnownDevice[],
  named: readonly PciAddress[],
  reason: string,
  addresses: ReadonlyMap<PciAddress, string>,
): KnownDevice[] {
  const gone = new Set(named.map((address) => addresses.get(address)));
  return devices.map((device) => {
    if (gone.has(device.card)) return inState(device, { kind: 'lost', reason: offBusReason() });
    return gone.has(undefined) ? outOfSight(device, reason) : device;
  });
}

function broken(device: KnownDevice, reports: ReadonlyMap<string, string>): KnownDevice {
  const reason = reports.get(device.card);
  if (reason === undefined || device.gpu.state.kind === 'lost') return device;
  return inState(device, { kind: 'lost', reason });
}

/** What is known once the kernel has reported a card broken. */
export function afterReport(before: Knowledge, card: string, why: string): Knowledge {
  const devices = before.devices.map((device) => broken(device, new Map([[card, why]])));
  const told = tellTroubles(devices.filter((device, at) => device !== before.devices[at]).flatMap(amiss));
  if (told.length === 0) return before;
  const reason = inSentences([...(before.reason === null ? [] : [before.reason]), ...told]);
  return { ...before, devices, reason };
}

function amiss({ gpu: { index, name, state } }: KnownDevice): Trouble[] {
  return state.kind === 'usable' ? [] : [{ index, name, reason: state.reason }];
}

function reasonOf(look: Look, devices: readonly KnownDevice[]): string | null {
  if (look.kind === 'absent') return NOT_INSTALLED;
  if (look.kind === 'failed' || look.kind === 'off-bus') return look.reason;
  // What is wrong with all is told once, and not of each.
  const troubles = [...devices.flatMap(amiss), ...unlisted(look), ...nameless(look, devices)].filter(
    ({ reason }) => reason !== look.reason,
  );
  const lost = devices.some(({ gpu }) => gpu.state.kind === 'lost');
  const told = [
    ...(look.reason === null ? [] : [look.reason]),
    ...tellTroubles(troubles),
    ...withoutInstances(look),
    ...(lost ? [] : offBusAt(look.offBus)),
  ];
  return told.length === 0 ? null : inSentences(told);
}

/** Cards with MIG on whose instances can't be told now. */
function unlisted({ cards, mig }: Seen): Trouble[] {
  if (mig !== null) return [];
  return cards
    .filter((card) => card.mig && card.state.kind === 'usable')
    .map(({ index, name }) => ({ index, name, reason: unlistedReason() }));
}

/** Cards with MIG on of which nothing can be given to anybody. */
function withoutInstances({ cards, mig }: Seen): string[] {
  if (mig === null) return [];
  const idle = cards.filter(
    (card) => card.mig && card.state.kind === 'usable' && !mig.get(card.uuid)?.length,
  );
  if (idle.length === 0) return [];
  const indexes = idle.map(({ index }) => index).join(',');
  return [
    `${those(idle)} ${idle.length === 1 ? 'has' : 'have'} MIG on and no instances: make some ` +
      `(nvidia-smi mig -i ${indexes} -cgi PROFILE -C), or switch MIG off (nvidia-smi -i ${indexes} -mig 0)`,
  ];
}

/** Cards that were broken before berthd saw them well: no device stands for them. */
function nameless(look: Seen, devices: readonly KnownDevice[]): Trouble[] {
  const indexes = new Set(devices.map(({ gpu }) => gpu.index));
  return look.nameless
    .filter(({ index }) => !indexes.has(index))
    .map(({ index, reason }) => ({ index, name: null, reason }));
}

/** What is known, as others see it. */
export function inventoryOf({ devices, surroundings, reason }: Knowledge): GpuInventory {
  const byUuid = new Map(devices.map((device) => [device.gpu.uuid, device]));
  return {
    gpus: devices.map((device) => device.gpu),
    reason,
    nearness: (a, b) => {
      const [one, other] = [byUuid.get(a), byUuid.get(b)];
      if (one === undefined || other === undefined) return 0;
      if (one.card === other.card) return SAME_CARD;
      return surroundings.near(one.gpu.index, other.gpu.index);
    },
  };
}
