import { expect, test } from 'vitest';
import { hashPassword, verifyPassword } from '../../src/auth/password.ts';

test('a password is the one that was hashed, and no other', async () => {
  const hash = await hashPassword('correct horse');
  expect(hash).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword('correct horse', hash)).toBe(true);
  for (const wrong of ['correct hors', 'Correct horse', '', 'correct horse ']) {
    expect(await verifyPassword(wrong, hash)).toBe(false);
  }
});

test('is the same in both Unicode spellings', async () => {
  expect(await verifyPassword('zoe\u0308-password', await hashPassword('zo\u00eb-password'))).toBe(true);
});

test('without a hash nothing is right', async () => {
  expect(await verifyPassword('anything', undefined)).toBe(false);
});

test('a hash of another form is an error, not a wrong password', async () => {
  await expect(verifyPassword('x', '$2b$10$abc')).rejects.toThrow(/another form/);
});
