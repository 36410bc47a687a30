import { createPublicKey, type KeyObject } from 'node:crypto';
import { DomainError } from '../domain/errors.ts';

const MIN_RSA_BITS = 2048;

/** A key that checks tokens, and the only algorithms it is used with. */
export interface PublicKey {
  readonly key: KeyObject;
  readonly algorithms: readonly string[];
}

/** Reads a public key or a certificate in PEM. Throws a DomainError that says what berth takes. */
export function parsePublicKey(pem: string): PublicKey {
  if (pem.includes('PRIVATE KEY')) {
    throw unusable(
      'is a private key: give berth the public one ("openssl pkey -in KEY -pubout"), and keep this one away',
    );
  }
  const key = readKey(pem);
  return { key, algorithms: algorithmsOf(key) };
}

function readKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw unusable('is no public key in PEM, which begins with "-----BEGIN PUBLIC KEY-----"');
  }
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength < MIN_RSA_BITS)
        throw unusable(`is an RSA key of ${modulusLength} bits; use ${MIN_RSA_BITS} or more`);
      return ['RS256', 'PS256'];
    case 'ec':
      if (namedCurve !== 'prime256v1') throw unusable('is on a curve that ES256 does not use; use P-256');
      return ['ES256'];
    case 'ed25519':
      return ['EdDSA', 'Ed25519'];
    default:
      throw unusable('is of a kind that berth does not take; use RSA, EC P-256 or Ed25519');
  }
}

function unusable(why: string): DomainError {
  return new DomainError('invalid', `The public key that checks tokens ${why}.`);
}
