import {
  type CryptoKey,
  errors,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  type KeyObject,
} from 'jose';
import type { Caller } from '../domain/caller.ts';
import { callerOf, refuseCritical, verificationError } from './claims.ts';

/** Seconds by which two machines' clocks may differ. */
const CLOCK_TOLERANCE = 5;

/** Whose tokens hold, and for whom they must be made; null where that isn't checked. */
export interface Audience {
  readonly issuer: string | null;
  readonly audience: string | null;
}

/** One way to check a signature, with the only algorithms that it takes. */
export type KeyCheck = (token: string, options: JWTVerifyOptions) => Promise<JWTPayload>;

/** Verifies tokens (RFC 7519, RFC 8725). `jku`, `x5u`, `jwk` and `kid` of the header are never followed. */
export function tokenVerifier(check: KeyCheck, { issuer, audience }: Audience) {
  const options: JWTVerifyOptions = {
    requiredClaims: ['sub', 'exp'],
    clockTolerance: CLOCK_TOLERANCE,
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
  };
  return async (token: string): Promise<Caller> => {
    refuseCritical(token);
    try {
      return callerOf(await check(token, options));
    } catch (error) {
      throw verificationError(error);
    }
  };
}

/** Checks with keys that lie here: a signature by any of them holds. */
export function fixedKeys(
  keys: readonly (Uint8Array | KeyObject | CryptoKey)[],
  algorithms: readonly string[],
): KeyCheck {
  return async (token, options) => {
    let failure: unknown;
    for (const key of keys) {
      try {
        const { payload } = await jwtVerify(token, key, { ...options, algorithms: [...algorithms] });
        return payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
        failure = error;
      }
    }
    throw failure;
  };
}
