import { decodeProtectedHeader, errors, type JWTPayload } from 'jose';
import { z } from 'zod';
import type { Caller } from '../domain/caller.ts';
import { DomainError } from '../domain/errors.ts';

/** The role that may see and change everyone's containers. */
export const ADMIN = 'ADMIN';

/**
 * A user's id: 1 to 255 characters that show. No control characters, no line or paragraph separators, and none that turn
 * the direction of text around or have no width: the id becomes `createdBy`, which people read. Also the pattern in the
 * OpenAPI document.
 */
export const SUBJECT_PATTERN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  /^[^\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]{1,255}$/u;

/** The last second of the year 9999. A number beyond is no time, or one in milliseconds. */
const LAST_SECOND = 253_402_300_799;

const Claims = z.object({
  sub: z
    .string({ error: 'its "sub" must be a text' })
    .refine(isSubject, 'its "sub" must be a text of 1 to 255 visible characters'),
  exp: z
    .number({ error: 'its "exp" must be a number of seconds since 1970' })
    .max(LAST_SECOND, 'its "exp" must be a number of seconds since 1970, of the year 9999 at the latest'),
  roles: z
    .array(z.string({ error: 'its "roles" must be a list of texts' }), {
      error: 'its "roles" must be a list of texts',
    })
    .optional()
    .transform((roles) => roles ?? []),
});

/** Whether a text may be a user's id. */
export function isSubject(text: string): boolean {
  return SUBJECT_PATTERN.test(text) && text.isWellFormed();
}

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
