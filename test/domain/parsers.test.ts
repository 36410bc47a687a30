import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/domain/duration.ts';
import { generatedHostname, HOSTNAME_PATTERN, NAME_PATTERN } from '../../src/domain/hostname.ts';
import { parseImageReference } from '../../src/domain/image-reference.ts';
import { formatBytes, parseQuantity } from '../../src/domain/quantity.ts';

describe('a quantity', () => {
  test.each([
    ['512Mi', 536_870_912],
    ['2G', 2_000_000_000],
    ['1.5Gi', 1_610_612_736],
    ['100k', 100_000],
    ['1Ti', 1_099_511_627_776],
    ['12345', 12_345],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseQuantity(text)).toEqual({ text, bytes });
  });

  test.each(['', '-1', '1e3', 'Mi', '1 Mi', '1mi', '1K', '0x10', '٣Mi', '1Mi\n', '99999999999999999Ti'])(
    '%j is none',
    (text) => {
      expect(parseQuantity(text)).toBeUndefined();
    },
  );

  test('never is anything but a whole number of bytes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const quantity = parseQuantity(text);
        return quantity === undefined || (Number.isSafeInteger(quantity.bytes) && quantity.bytes >= 0);
      }),
    );
  });

  test('is shown in the largest unit that fits', () => {
    expect([formatBytes(512), formatBytes(20 * 1024 ** 2), formatBytes(1.5 * 1024 ** 3)]).toEqual([
      '512 bytes',
      '20Mi',
      '1.5Gi',
    ]);
  });
});

describe('a duration', () => {
  test.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toEqual({ text, ms });
  });

  test.each(['', '10', 's', '1d', '-1s', '1.5s', ' 1s', '1s '])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('of whole seconds is read back as it is shown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))?.ms).toBe(seconds * 1000);
      }),
    );
  });
});

describe('an image’s name', () => {
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

  test.each([
    ['nginx:1.28', { registry: 'docker.io', name: 'nginx', tag: '1.28', digest: null }],
    ['nginxdemos/hello:latest', { registry: 'docker.io', name: 'nginxdemos/hello', tag: 'latest' }],
    ['ghcr.io/a/b_c/d-e:v1', { registry: 'ghcr.io', name: 'ghcr.io/a/b_c/d-e', tag: 'v1' }],
    ['localhost:5000/web:1', { registry: 'localhost:5000', tag: '1' }],
    [`nginx@${digest}`, { tag: null, digest }],
    [`nginx:1@${digest}`, { tag: '1', digest }],
  ])('%s is read', (text, parts) => {
    expect(parseImageReference(text)).toMatchObject({ ok: true, image: { text, ...parts } });
  });

  test.each(['nginx', 'localhost:5000/web'])('%s wants a tag, and says so', (text) => {
    expect(parseImageReference(text)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/tag or a digest/),
    });
  });

  test.each([
    '',
    ':1',
    'nginx:',
    'Nginx:1',
    'a//b:1',
    '/a:1',
    'a/:1',
    'a/../b:1',
    'a..b/c:1',
    '-a.test/c:1',
    'localhost:99999/x:1',
    '[::1]:5000/web:1',
    'sha256:6e',
    `${'ab'.repeat(32)}:1`,
    `r.test/${'a'.repeat(255)}:1`,
    'a b:1',
    'a:1:2',
    'nginx:-1',
    'nginx@sha256:12',
    `nginx@${digest}@${digest}`,
    'http://r.test/a:1',
    'a:1\n',
    `${'a'.repeat(600)}:1`,
  ])('%j is none', (text) => {
    expect(parseImageReference(text).ok).toBe(false);
  });

  test('is never read as more than it says', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const result = parseImageReference(text);
        if (!result.ok) return;
        const { name, tag, digest: hash } = result.image;
        expect(`${name}${tag === null ? '' : `:${tag}`}${hash === null ? '' : `@${hash}`}`).toBe(text);
      }),
    );
  });
});

describe('a generated host name', () => {
  test('is the name, eight characters of the id, and the domain', () => {
    expect(generatedHostname('web', '6aae435c-e3e6-4976-a5e0-f99a9f930e44', 'localhost')).toMatch(
      /^web-[a-z2-7]{8}\.localhost$/,
    );
  });

  test('is a host name whatever the name is', () => {
    fc.assert(
      fc.property(fc.stringMatching(NAME_PATTERN), fc.uuid(), (name, id) => {
        expect(generatedHostname(name, id, 'localhost')).toMatch(HOSTNAME_PATTERN);
      }),
    );
  });
});
