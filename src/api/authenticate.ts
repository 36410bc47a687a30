import type { MiddlewareHandler } from 'hono';
import type { Tokens } from '../auth/tokens.ts';
import type { Caller } from '../domain/caller.ts';
import { DomainError } from '../domain/errors.ts';
import type { ApiEnv } from './context.ts';

/** Whoever may open the Unix socket acts as ADMIN. */
const LOCAL: Caller = { userId: 'local', admin: true };

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i;

/** The path where a name and a password are the way in, not a token. */
export const LOGIN_PATH = '/v1/users/token';

/** Finds out who asks, from the token or from the socket that they came through. */
export function authenticate(tokens: Tokens): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (c.req.path !== LOGIN_PATH) {
      c.set(
        'caller',
        c.env.trust === 'local' ? LOCAL : await tokens.verify(bearer(c.req.header('Authorization'))),
      );
    }
    await next();
  };
}

function bearer(header: string | undefined): string {
  const token = BEARER.exec(header ?? '')?.[1];
  if (token !== undefined) return token;
  throw new DomainError(
    'unauthenticated',
    'A token is needed: send "Authorization: Bearer TOKEN". "berth token" prints one.',
  );
}
