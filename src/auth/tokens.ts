import type { Caller } from '../domain/caller.ts';
import { DomainError } from '../domain/errors.ts';
import { type IssuedToken, type TokenClaims, tokenIssuer } from './issuer.ts';
import { parseJwksUrl, publishedKeys } from './jwks.ts';
import { parsePublicKey } from './public-key.ts';
import { parseSecret } from './secret.ts';
import { type Audience, fixedKeys, tokenVerifier } from './token-verifier.ts';

/** Who may ask, told by tokens. */
export interface Tokens {
  /** Throws `unauthenticated` with what is wrong in words, or `unavailable` where that can't be told now. */
  verify(token: string): Promise<Caller>;
  /** Null where berth holds only a public key: tokens then come from whoever holds the private one. */
  readonly issue: ((claims: TokenClaims) => Promise<IssuedToken>) | null;
}

/** How tokens are checked: with a secret that also signs them, with one public key, or with an issuer's published keys. */
export type TokenKeys =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'public-key'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string };

/**
 * The tokens that berth takes and gives. Throws a DomainError where the key can't be used: it stops the start.
 * `onError` hears why a fetch of published keys in the background failed.
 */
export function createTokens(
  keys: TokenKeys,
  audience: Audience,
  now: () => Date,
  onError: (error: unknown) => void,
): Tokens {
  switch (keys.kind) {
    case 'secret': {
      const { signing, accepted } = parseSecret(keys.secret);
      return {
        verify: tokenVerifier(fixedKeys(accepted, ['HS256']), audience),
        issue: tokenIssuer(signing, audience, now),
      };
    }
    case 'public-key': {
      const { key, algorithms } = parsePublicKey(keys.pem);
      return { verify: tokenVerifier(fixedKeys([key], algorithms), audience), issue: null };
    }
    case 'jwks': {
      requireAudience(audience);
      const published = publishedKeys(parseJwksUrl(keys.url), onError);
      return { verify: tokenVerifier(published, audience), issue: null };
    }
  }
}

/** A published key signs for everyone: without these, a token made for another service would hold here (RFC 8725, 3.8). */
function requireAudience({ issuer, audience }: Audience): void {
  if (issuer !== null && audience !== null) return;
  throw new DomainError(
    'invalid',
    'With a JWKS address the issuer and the audience must be set too (BERTH_JWT_ISSUER, BERTH_JWT_AUDIENCE): a token that was made ' +
      'for another service would hold here otherwise.',
  );
}
