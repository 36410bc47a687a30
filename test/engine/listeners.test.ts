import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseListeners } from '../../src/engine/listeners.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

function row(address: string, port: number, state = '0A'): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return `   0: ${address}:${hex} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0000000000000000 100 0 0 10 0\n`;
}

describe('what listens inside an instance', () => {
  test('is reachable on any address but loopback', () => {
    const table =
      HEAD +
      row('00000000', 80) +
      row('0100007F', 8080) +
      row('050014AC', 81) +
      row('00000000000000000000000000000000', 82) +
      row('00000000000000000000000001000000', 8082) +
      row('0000000000000000FFFF00000100007F', 8083) +
      row('0000000000000000FFFF0000050014AC', 83);
    expect(parseListeners(table)).toEqual([
      { port: 80, loopbackOnly: false },
      { port: 81, loopbackOnly: false },
      { port: 82, loopbackOnly: false },
      { port: 83, loopbackOnly: false },
      { port: 8080, loopbackOnly: true },
      { port: 8082, loopbackOnly: true },
      { port: 8083, loopbackOnly: true },
    ]);
  });

  test('is not on loopback alone where another socket of its port is not', () => {
    expect(parseListeners(HEAD + row('0100007F', 80) + row('050014AC', 80))).toEqual([
      { port: 80, loopbackOnly: false },
    ]);
  });

  test("leaves out Docker's name server, and connections", () => {
    expect(parseListeners(HEAD + row('0B00007F', 40_001) + row('00000000', 80, '01'))).toEqual([]);
  });

  test('is every listening port, once, in order', () => {
    const socket = fc.record({
      port: fc.integer({ min: 1, max: 65_535 }),
      state: fc.constantFrom('0A', '01', '06'),
    });
    fc.assert(
      fc.property(fc.array(socket), (sockets) => {
        const table = HEAD + sockets.map(({ port, state }) => row('00000000', port, state)).join('');
        const ports = new Set(sockets.filter(({ state }) => state === '0A').map(({ port }) => port));
        expect(parseListeners(table).map(({ port }) => port)).toEqual([...ports].sort((a, b) => a - b));
      }),
    );
  });

  test('is nothing in text that is no table', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseListeners(text)).toEqual([]);
      }),
    );
  });
});
