import { inState, type KnownDevice } from './known.ts';
import type { Seen } from './look.ts';
import type { PciAddress } from './pci-address.ts';
import { noneFoundReason, offBusReason, unlistedReason } from './reasons.ts';

/** After how many looks without it a device that was taken apart is forgotten: whoever had it was told long before. */
const LOOKS_TO_FORGET = 3;

/** What becomes of the devices that a look does not show. */
export function devicesMissing(
  seen: Seen,
  missing: readonly KnownDevice[],
  addresses: ReadonlyMap<PciAddress, string>,
): KnownDevice[] {
  const gone = new Set(seen.offBus.flatMap((address) => addresses.get(address) ?? []));
  const nameless = new Map(seen.nameless.map((card) => [card.index, card.reason]));
  const cards = new Map(seen.cards.map((card) => [card.uuid, card]));
  return missing.flatMap((device) => {
    const next = { ...device, missed: device.missed + 1 };
    const card = cards.get(device.card);
    if (card !== undefined) return dissolved(next, card.mig === true, seen.mig !== null);
    const marked = gone.has(device.card) ? offBusReason() : nameless.get(device.gpu.index);
    return [seen.reason === null ? absent(next, marked) : goneWithAll(next, seen.reason)];
  });
}

/** Its card is there, and it is not: MIG was switched, or its instance deleted. */
function dissolved(device: KnownDevice, mig: boolean, listed: boolean): KnownDevice[] {
  if (mig && !listed && !device.dissolved) {
    return [inState(device, { kind: 'unknown', reason: unlistedReason() })];
  }
  if (device.missed >= LOOKS_TO_FORGET && device.dissolved) return [];
  const reason = device.gpu.kind === 'card' ? 'MIG was switched on' : 'the MIG instance was deleted';
  return [{ ...inState(device, { kind: 'lost', reason }), dissolved: true }];
}

/** The driver lists the others and not this one. Once may be chance: a driver under load does that. */
function absent(device: KnownDevice, marked: string | undefined): KnownDevice {
  if (marked !== undefined) return inState(device, { kind: 'lost', reason: marked });
  if (device.missed > 1 || device.gpu.state.kind === 'lost') {
    const { state } = device.gpu;
    // That the driver finds none is no longer true.
    const keeps = state.kind === 'lost' && state.reason !== noneFoundReason();
    return inState(device, keeps ? state : { kind: 'lost', reason: offBusReason() });
  }
  return inState(device, { kind: 'unknown', reason: 'not listed by the driver now; looking again' });
}

/** The driver lists none at all, which says nothing of this one's own health. Once may be chance here too. */
function goneWithAll(device: KnownDevice, reason: string): KnownDevice {
  if (device.gpu.state.kind === 'lost') return device;
  return inState(device, { kind: device.missed > 1 ? 'lost' : 'unknown', reason });
}
