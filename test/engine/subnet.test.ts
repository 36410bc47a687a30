import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSubnet, overlap, parseIpv4, parseSubnet, type Subnet } from '../../src/engine/ipv4.ts';
import { chooseSubnet, routedSubnets } from '../../src/engine/subnet.ts';

function subnet(text: string): Subnet {
  const parsed = parseSubnet(text);
  if (parsed === undefined) throw new Error(`${text} is no subnet`);
  return parsed;
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '198.18.0.0/15'].map(subnet);

const anySubnet = fc
  .record({ address: fc.nat(0xffff_ffff), prefix: fc.integer({ min: 8, max: 32 }) })
  .map(({ address, prefix }) => ({
    network: Math.floor(address / 2 ** (32 - prefix)) * 2 ** (32 - prefix),
    prefix,
  }));

const privateSubnet = fc
  .record({ pool: fc.constantFrom(...PRIVATE), offset: fc.nat(), prefix: fc.integer({ min: 12, max: 30 }) })
  .map(({ pool, offset, prefix }) => {
    const size = 2 ** (32 - prefix);
    const inside = pool.network + (offset % 2 ** (32 - pool.prefix));
    return { network: Math.floor(inside / size) * size, prefix };
  });

describe("the network's subnet", () => {
  test('is a private /20 that meets nothing that is taken', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.oneof(anySubnet, privateSubnet), { maxLength: 40 }),
        (installation, taken) => {
          const chosen = chooseSubnet(installation, taken);
          if (chosen === undefined) return;
          expect(chosen.prefix).toBe(20);
          expect(taken.filter((other) => overlap(other, chosen))).toEqual([]);
          expect(PRIVATE.some((pool) => overlap(pool, chosen))).toBe(true);
        },
      ),
    );
  });

  test('lies in 10.200.0.0/16 on an ordinary machine, and stays the same', () => {
    const taken = [subnet('172.17.0.0/16'), subnet('192.168.1.0/24')];
    const chosen = chooseSubnet('some', taken);
    expect(chosen).toEqual(chooseSubnet('some', taken));
    expect(chosen !== undefined && overlap(chosen, subnet('10.200.0.0/16'))).toBe(true);
  });

  test('moves to another private range where a VPN routes 10.0.0.0/8', () => {
    const chosen = chooseSubnet('some', [subnet('10.0.0.0/8')]);
    expect(chosen !== undefined && overlap(chosen, subnet('172.16.0.0/12'))).toBe(true);
  });

  test('is missing only where every range is taken', () => {
    expect(chooseSubnet('some', PRIVATE)).toBeUndefined();
    expect(chooseSubnet('some', PRIVATE.slice(0, 3))).toMatchObject({ prefix: 20 });
  });
});

describe('the routing table', () => {
  const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
  const row = (destination: string, mask: string) =>
    `eth0\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0\n`;

  test('names the subnets that the machine reaches', () => {
    const table = `${HEAD}${row('000011AC', '0000FFFF')}${row('0100A8C0', 'FFFFFFFF')}`;
    expect(routedSubnets(table).map(formatSubnet)).toEqual(['172.17.0.0/16', '192.168.0.1/32']);
  });

  test('takes nothing for its default route, whole or in two halves', () => {
    const table = `${HEAD}${row('00000000', '00000000')}${row('00000000', '00000080')}${row('00000080', '00000080')}`;
    expect(routedSubnets(table)).toEqual([]);
  });

  test('is read as the kernel writes it', () => {
    fc.assert(
      fc.property(anySubnet, (route) => {
        const hex = (address: number) => {
          const bytes = Buffer.alloc(4);
          bytes.writeUInt32LE(address);
          return bytes.toString('hex').toUpperCase();
        };
        const mask = 2 ** 32 - 2 ** (32 - route.prefix);
        expect(routedSubnets(HEAD + row(hex(route.network), hex(mask)))).toEqual([route]);
      }),
    );
  });

  test('that is nonsense takes nothing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(routedSubnets(text)).toEqual([]);
      }),
    );
  });
});

test.for(['', '10.0.0', '10.0.0.256', '10.0.0.1/8', ' 10.0.0.1', '::1'])('%j is no IPv4 address', (text) => {
  expect(parseIpv4(text)).toBeUndefined();
});
