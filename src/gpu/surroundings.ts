import type { NvidiaSmi } from './nvidia-smi.ts';
import { type PciAddress, parsePciAddresses } from './pci-address.ts';
import { type Nearness, parseTopology } from './topology.ts';

/** Where the cards sit: what doesn't change while they are the same cards. */
export interface Surroundings {
  /** Which card sits where. */
  readonly addresses: ReadonlyMap<PciAddress, string>;
  /** By the cards' numbers. */
  readonly near: Nearness;
}

/** Nothing is known. */
export const NO_SURROUNDINGS: Surroundings = { addresses: new Map(), near: () => 0 };

/**
 * Asks where the cards sit. What the driver doesn't tell stays unknown, except where a card sat before: one that fell off
 * the bus is named by its place. Rejects only where `signal` aborts.
 */
export async function lookAround(
  nvidiaSmi: NvidiaSmi,
  before: Surroundings,
  signal: AbortSignal,
): Promise<Surroundings> {
  const [where, matrix] = await Promise.all([
    nvidiaSmi.call(['--query-gpu=uuid,pci.bus_id', '--format=csv,noheader'], signal),
    nvidiaSmi.call(['topo', '-m'], signal),
  ]);
  return {
    addresses: new Map([
      ...before.addresses,
      ...(where.kind === 'ended' ? parsePciAddresses(where.stdout) : NO_SURROUNDINGS.addresses),
    ]),
    near: matrix.kind === 'ended' ? parseTopology(matrix.stdout) : NO_SURROUNDINGS.near,
  };
}
