import { SignJWT } from 'jose';
import type { Audience } from './token-verifier.ts';

/** What a new token says, and for how long. */
export interface TokenClaims {
  readonly sub: string;
  readonly roles: readonly string[];
  readonly ttlMs: number;
}

/** A signed token and when it ends. */
export interface IssuedToken {
  readonly token: string;
  readonly expires: Date;
}

/** Signs tokens with the secret (HS256) that the verifier takes. */
export function tokenIssuer(secret: Uint8Array, { issuer, audience }: Audience, now: () => Date) {
  return async ({ sub, roles, ttlMs }: TokenClaims): Promise<IssuedToken> => {
    const issuedAt = Math.floor(now().getTime() / 1000);
    const expires = issuedAt + Math.max(1, Math.floor(ttlMs / 1000));
    const token = new SignJWT({ roles: [...roles] })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject(sub)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expires);
    if (issuer !== null) token.setIssuer(issuer);
    if (audience !== null) token.setAudience(audience);
    return { token: await token.sign(secret), expires: new Date(expires * 1000) };
  };
}
