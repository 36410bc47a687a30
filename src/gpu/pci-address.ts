/** Where a card sits, without its function: "0000:03:00". */
export type PciAddress = string;

const ADDRESS = String.raw`([0-9a-f]{1,8}):([0-9a-f]{2}):([0-9a-f]{2})(?:\.[0-9a-f]{1,2})?`;

/** Reads "00000000:03:00.0" as nvidia-smi writes it, and "0000:03:00" as the kernel does. */
export function parsePciAddress(text: string): PciAddress | undefined {
  const match = new RegExp(`^${ADDRESS}$`, 'i').exec(text.trim());
  return match === null ? undefined : normal(match);
}

/**
 * Reads `--query-gpu=uuid,pci.bus_id --format=csv,noheader`: which card sits where. A driver that answers anything but
 * one such line a card has not understood the question; nothing is taken from it then.
 */
export function parsePciAddresses(text: string): ReadonlyMap<PciAddress, string> {
  const uuids = new Map<PciAddress, string>();
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  for (const line of lines) {
    const [uuid = '', where = '', ...more] = line.split(',').map((field) => field.trim());
    const address = parsePciAddress(where);
    if (address === undefined || more.length > 0 || uuids.has(address)) return new Map();
    uuids.set(address, uuid);
  }
  return new Set(uuids.values()).size === lines.length ? uuids : new Map();
}

/**
 * The cards that nvidia-smi names as gone: "Unable to determine the device handle for GPU 0000:03:00.0: GPU is lost.",
 * "… for GPU0000:07:00.0: Unknown Error", "… for GPU0: 0000:01:00.0: Unknown Error".
 */
export function parseOffBus(text: string): readonly PciAddress[] {
  const pattern = new RegExp(`device handle for GPU\\s*(?:\\d+:\\s+)?${ADDRESS}`, 'gi');
  return [...new Set([...text.matchAll(pattern)].map(normal))];
}

function normal(match: RegExpExecArray | RegExpMatchArray): PciAddress {
  const [, domain = '', bus = '', device = ''] = match;
  return `${Number.parseInt(domain, 16).toString(16).padStart(4, '0')}:${bus}:${device}`.toLowerCase();
}
