import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** OWASP's first choice of scrypt: 128 MiB and some tenths of a second a password. */
const COST = { ln: 17, r: 8, p: 1 } as const;
const HASH_BYTES = 32;
const FORMAT =
  /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);

/** Hashes a password for keeping: `$scrypt$ln=17,r=8,p=1$<salt>$<hash>`, both base64 without padding. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await scryptOf(password, salt, COST);
  return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(salt)}$${base64(hash)}`;
}

/** Whether a password is the one that was hashed. Without a hash it takes as long, and is false. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const kept = hash === undefined ? undefined : parseHash(hash);
  const expected = kept?.hash ?? randomBytes(HASH_BYTES);
  const actual = await scryptOf(password, kept?.salt ?? randomBytes(16), kept?.cost ?? COST);
  return timingSafeEqual(actual, expected) && kept !== undefined;
}

function parseHash(text: string) {
  const [, ln, r, p, salt, hash] = FORMAT.exec(text) ?? [];
  if (salt === undefined || hash === undefined)
    throw new Error('the database holds a password hash of another form');
  return {
    cost: { ln: Number(ln), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

function scryptOf(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** ln;
  // One password may be typed in two Unicode spellings.
  return derive(password.normalize('NFC'), salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r });
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
