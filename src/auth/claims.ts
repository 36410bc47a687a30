import { decodeProtectedHeader, errors, type JWTPayload } from 'jose';
import { z } from 'zod';
import type { Caller } from '../domain/caller.ts';
import { DomainError } from '../domain/errors.ts';

/** The role that may see and change everyone's containers. */
export const ADMIN = 'ADMIN';

const Claims = z.object({
  sub: z
    .string({ error: 'its "sub" must be a text' })
    .min(1, 'its "sub" is empty')
    .max(255, 'its "sub" is too long'),
  roles: z
    .array(z.string(), { error: 'its "roles" must be a list of texts' })
    .optional()
    .transform((roles) => roles ?? []),
});

/** Who a verified token speaks for. Throws `unauthenticated` where its claims are not as they must be. */
export function callerOf(payload: JWTPayload): Caller {
  const result = Claims.safeParse(payload);
  if (!result.success) throw refused(result.error.issues[0]?.message ?? 'its claims are wrong');
  return { userId: result.data.sub, admin: result.data.roles.includes(ADMIN) };
}

/** Refuses extensions that must be understood: berth knows none (RFC 7515, section 4.1.11). */
export function refuseCritical(token: string): void {
  let header: object;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    throw refused('it is no JWT');
  }
  if ('crit' in header) throw refused('its header asks for extensions ("crit") that berth does not know');
}

/** What a failed verification is told as: in words, without anything of the token. */
export function verificationError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof errors.JWTExpired) return refused('it has expired: fetch a new one');
  if (error instanceof errors.JWTClaimValidationFailed) return refused(claimFault(error));
  if (error instanceof errors.JOSEAlgNotAllowed)
    return refused('its algorithm is not the one that berth expects');
  if (error instanceof errors.JWSSignatureVerificationFailed) return refused("its signature doesn't hold");
  if (error instanceof errors.JWKSNoMatchingKey)
    return refused('it is signed with a key that the issuer does not publish');
  return refused('it is no valid JWT');
}

function claimFault({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `it lacks the claim "${claim}"`;
  if (claim === 'nbf' && reason === 'check_failed') return 'it is not valid yet ("nbf")';
  return `its claim "${claim}" is not what berth expects`;
}

function refused(why: string): DomainError {
  return new DomainError('unauthenticated', `The token was refused: ${why}.`);
}
