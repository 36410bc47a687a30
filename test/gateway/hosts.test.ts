import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAuthority } from '../../src/gateway/hosts.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const port = fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined });

function withPort(host: string, number: number | undefined): string {
  return number === undefined ? host : `${host}:${number}`;
}

describe('parsing a Host header', () => {
  it('finds the name whatever its case, port and trailing dot', () => {
    fc.assert(
      fc.property(name, port, fc.boolean(), fc.boolean(), (host, number, dot, upper) => {
        const text = withPort(`${upper ? host.toUpperCase() : host}${dot ? '.' : ''}`, number);
        expect(parseAuthority(text)).toEqual({ host, port: number });
      }),
    );
  });

  it('keeps an IPv6 literal in its brackets', () => {
    fc.assert(
      fc.property(fc.ipV6(), port, (address, number) => {
        const host = `[${address.toLowerCase()}]`;
        expect(parseAuthority(withPort(`[${address}]`, number))).toEqual({ host, port: number });
      }),
    );
  });

  it('gives back only names that mean the same when parsed again', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseAuthority(text);
        if (parsed) expect(parseAuthority(parsed.host)?.host).toBe(parsed.host.replace(/\.$/, ''));
      }),
    );
  });

  it.each([
    '',
    '.',
    ':80',
    'a b',
    'a,b',
    'user@a',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    'a:b',
    'a:80:80',
    'a:65536',
    'a:-1',
    '[::1',
    '::1',
    '[]',
    '[g::1]',
    'a%zz',
    'é',
    'a\u0000',
    `${'a'.repeat(256)}`,
  ])('refuses %j', (text) => {
    expect(parseAuthority(text)).toBeUndefined();
  });
});
