import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSecret, parseSecret } from '../../src/auth/secret.ts';

describe('a secret under 256 bits is refused, with how to make one', () => {
  test.each(['', 'short', 'x'.repeat(31), randomBytes(16).toString('base64'), 'é'.repeat(15)])(
    '%s',
    (text) => {
      expect(() => parseSecret(text)).toThrow(/at least 32: make one with "openssl rand -base64 32"/);
      if (text !== '') expect(() => parseSecret(text)).not.toThrow(text);
    },
  );
});

describe('a secret that is long enough', () => {
  test('is its text', () => {
    const text = 'a text of thirty-two characters!';
    expect(parseSecret(text)).toEqual({ signing: Buffer.from(text), accepted: [Buffer.from(text)] });
  });

  test('counts bytes, not characters', () => {
    expect(parseSecret('é'.repeat(16)).signing).toHaveLength(32);
  });

  test.each(['base64', 'base64url'] as const)('in %s is its bytes, and its text is taken too', (encoding) => {
    const bytes = randomBytes(33);
    const text = bytes.toString(encoding);
    expect(parseSecret(text)).toEqual({ signing: bytes, accepted: [bytes, Buffer.from(text)] });
  });

  test('in base64 without padding is its bytes', () => {
    const bytes = randomBytes(32);
    expect(parseSecret(bytes.toString('base64').replace(/=+$/, '')).signing).toEqual(bytes);
  });
});

describe('the secret file', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'berth-secret-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test('is made at the first start: 32 random bytes for its owner alone', () => {
    const text = loadSecret(dir);
    expect(parseSecret(text).signing).toHaveLength(32);
    expect(statSync(join(dir, 'jwt-secret')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, 'jwt-secret'), 'utf8')).toBe(`${text}\n`);
    expect(readdirSync(dir)).toEqual(['jwt-secret']);
  });

  test('stays the same from then on, and differs between installations', () => {
    const text = loadSecret(dir);
    expect(loadSecret(dir)).toBe(text);
    rmSync(join(dir, 'jwt-secret'));
    expect(loadSecret(dir)).not.toBe(text);
  });

  test('that others could read is closed', () => {
    loadSecret(dir);
    chmodSync(join(dir, 'jwt-secret'), 0o644);
    loadSecret(dir);
    expect(statSync(join(dir, 'jwt-secret')).mode & 0o777).toBe(0o600);
  });

  test('is not put together from what a crash left', () => {
    writeFileSync(join(dir, 'jwt-secret.new'), 'half');
    expect(parseSecret(loadSecret(dir)).signing).toHaveLength(32);
  });
});
