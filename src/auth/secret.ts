import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '../domain/errors.ts';

/** HS256 wants a key as long as its hash (RFC 7518, section 3.2). */
const MIN_BYTES = 32;

/** The bytes that sign tokens, and all that a token may be signed with. */
export interface Secret {
  readonly signing: Uint8Array;
  readonly accepted: readonly Uint8Array[];
}

/**
 * Reads a secret that a person gave. Base64 of 32 bytes and more is also taken as the text that it is: other programs
 * sign with either, and both hold enough. Throws where it is shorter than 256 bits.
 */
export function parseSecret(text: string): Secret {
  const raw = Buffer.from(text, 'utf8');
  const decoded = decodeBase64(text);
  if (decoded !== undefined && decoded.length >= MIN_BYTES)
    return { signing: decoded, accepted: [decoded, raw] };
  if (raw.length >= MIN_BYTES) return { signing: raw, accepted: [raw] };
  throw new DomainError(
    'invalid',
    `The secret that signs tokens has ${raw.length} bytes and needs at least ${MIN_BYTES}: make one with "openssl rand -base64 32".`,
  );
}

/** The secret in the data folder's file `jwt-secret`, which is made, 0600, where it is missing. Gives its text. */
export function loadSecret(dataDir: string): string {
  const file = join(dataDir, 'jwt-secret');
  if (!existsSync(file)) writeWhole(dataDir, file, `${randomBytes(32).toString('base64')}\n`);
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}

/** Only the one spelling that encoding gives back counts: anything else is a text that looks like base64. */
function decodeBase64(text: string): Buffer | undefined {
  for (const encoding of ['base64', 'base64url'] as const) {
    const bytes = Buffer.from(text, encoding);
    const canonical = bytes.toString(encoding);
    if (canonical === text || canonical.replace(/=+$/, '') === text) return bytes;
  }
  return undefined;
}

/** A crash leaves either no file or the whole of it. */
function writeWhole(dataDir: string, file: string, text: string): void {
  const draft = `${file}.new`;
  const fd = openSync(draft, 'w', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
  const folder = openSync(dataDir, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
