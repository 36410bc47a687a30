import { createHash } from 'node:crypto';
import { overlap, parseIpv4, type Subnet, subnetSize } from './ipv4.ts';

/** 4,093 instances. */
const PREFIX = 20;
const PIECE = 2 ** (32 - PREFIX);

/** Where berth looks for a free subnet, in this order: private ranges, and at last the one kept for benchmarks (RFC 2544). */
const POOLS: readonly Subnet[] = [
  { network: 0x0a_c8_00_00, prefix: 16 }, // 10.200.0.0
  { network: 0x0a_c0_00_00, prefix: 10 }, // 10.192.0.0
  { network: 0xac_10_00_00, prefix: 12 }, // 172.16.0.0
  { network: 0xc0_a8_00_00, prefix: 16 }, // 192.168.0.0
  { network: 0xc6_12_00_00, prefix: 15 }, // 198.18.0.0
];

/**
 * The first /20 that meets none of the taken subnets; undefined where there is none.
 * Each installation begins at another piece of the first pool, so that two which are set up at once don't meet.
 */
export function chooseSubnet(installation: string, taken: readonly Subnet[]): Subnet | undefined {
  const start = createHash('sha256').update(installation).digest().readUInt32BE(0);
  for (const pool of POOLS) {
    const pieces = subnetSize(pool) / PIECE;
    for (let i = 0; i < pieces; i++) {
      const candidate = { network: pool.network + ((start + i) % pieces) * PIECE, prefix: PREFIX };
      if (!taken.some((subnet) => overlap(subnet, candidate))) return candidate;
    }
  }
  return undefined;
}

/**
 * The subnets that the kernel's routing table (/proc/net/route) leads anywhere.
 * Default routes lead everywhere and take nothing, nor do the halves of everything that a VPN sets in their place.
 */
export function routedSubnets(table: string): Subnet[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap((fields) => routeOf(fields[1] ?? '', fields[7] ?? ''))
    .filter((subnet) => subnet.prefix > 1);
}

function routeOf(destination: string, mask: string): Subnet[] {
  const network = fromKernel(destination);
  const bits = fromKernel(mask);
  if (network === undefined || bits === undefined) return [];
  return [{ network, prefix: bits.toString(2).replaceAll('0', '').length }];
}

// Eight hex digits, the first address byte last: the byte order of all machines that Docker runs on.
function fromKernel(hex: string): number | undefined {
  if (!/^[0-9A-Fa-f]{8}$/.test(hex)) return undefined;
  return parseIpv4([...Buffer.from(hex, 'hex')].reverse().join('.'));
}
