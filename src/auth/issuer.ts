import { SignJWT } from 'jose';
import type { Audience } from './token-verifier.ts';
import type { IssuedToken, TokenClaims } from './tokens.ts';

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
