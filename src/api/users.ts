import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Login } from '../auth/login.ts';
import { hashPassword } from '../auth/password.ts';
import type { Tokens } from '../auth/tokens.ts';
import type { User } from '../domain/caller.ts';
import { DomainError } from '../domain/errors.ts';
import { requireAdmin } from './access.ts';
import { LOGIN_PATH } from './authenticate.ts';
import { readBody } from './body.ts';
import type { ApiEnv } from './context.ts';
import type { ApiDeps } from './deps.ts';
import { type Api, json, jsonBody, problems } from './openapi.ts';
import { date } from './schemas/dates.ts';
import { IssuedTokenView, NewToken, NewUser, TokenView, UserView } from './schemas/users.ts';

const tags = ['users'];
/** How long a token holds that a password was given for. */
const LOGIN_TTL_MS = 24 * 3_600_000;

const login = createRoute({
  method: 'get',
  path: LOGIN_PATH,
  tags,
  security: [{ basic: [] }],
  summary: 'A token for a name and a password',
  description: 'It holds for 24 hours. 409 where tokens come from an identity provider.',
  responses: { 200: json(TokenView, 'The token'), ...problems('conflict', 'too-many') },
});

/** A token for a name and a password. */
export function registerLogin(app: Api, deps: ApiDeps): void {
  const logins = new Login(deps.users);
  app.openapi(login, async (c) => {
    c.set('challenge', 'Basic realm="berth", charset="UTF-8"');
    const { name, password } = basicCredentials(c.req.header('Authorization'));
    const user = await logins.check(name, password, addressOf(c));
    const { token } = await issuer(deps.tokens)({ sub: user.id, roles: user.roles, ttlMs: LOGIN_TTL_MS });
    return c.json({ token }, 200);
  });
}

/** Adding users. */
export function registerUsers(app: Api, deps: ApiDeps): void {
  const addUser = createRoute({
    method: 'post',
    path: '/v1/users',
    tags,
    security: [{ bearer: [] }],
    summary: 'Add a user',
    description: 'For ADMIN only. The user can then fetch tokens with the name and the password.',
    request: { body: jsonBody(app, 'NewUser', NewUser) },
    responses: {
      201: json(UserView, 'Added'),
      ...problems('invalid', 'forbidden', 'conflict', 'too-large', 'unsupported-media-type'),
    },
  });
  app.openapi(addUser, async (c) => {
    requireAdmin(c.get('caller'));
    const { name, password, roles } = await readBody(c, NewUser);
    const id = deps.newId();
    await deps.users.add({ id, name, passwordHash: await hashPassword(password), roles }, deps.now());
    return c.json({ id, name, roles }, 201);
  });
}

/** Tokens for anyone, made by an ADMIN. */
export function registerTokens(app: Api, deps: ApiDeps): void {
  const addToken = createRoute({
    method: 'post',
    path: '/v1/tokens',
    tags,
    security: [{ bearer: [] }],
    summary: 'Make a token for anyone',
    description:
      'For ADMIN only. 404 where no user has the name, 409 where tokens come from an identity provider.',
    request: { body: jsonBody(app, 'NewToken', NewToken) },
    responses: {
      201: json(IssuedTokenView, 'The token'),
      ...problems('invalid', 'forbidden', 'not-found', 'conflict', 'too-large', 'unsupported-media-type'),
    },
  });
  app.openapi(addToken, async (c) => {
    const caller = c.get('caller');
    requireAdmin(caller);
    const { sub = caller.userId, user, roles, ttl } = await readBody(c, NewToken);
    const issue = issuer(deps.tokens);
    const whom = user === undefined ? { id: sub, roles: [] } : await userNamed(deps, user);
    const { token, expires } = await issue({ sub: whom.id, roles: roles ?? whom.roles, ttlMs: ttl.ms });
    return c.json({ token, expires: date(expires) }, 201);
  });
}

async function userNamed({ users }: ApiDeps, name: string): Promise<User> {
  const user = await users.findByName(name);
  if (user !== undefined) return user;
  throw new DomainError('not-found', `There is no user "${name}": "berth user add ${name}" adds one.`, {
    fields: [{ path: 'user', message: 'is unknown' }],
  });
}

function issuer({ issue }: Tokens) {
  if (issue !== null) return issue;
  throw new DomainError(
    'conflict',
    'This berth only checks tokens: they come from the identity provider that it is configured with. Fetch one there.',
  );
}

/** Reads HTTP Basic credentials (RFC 7617). */
function basicCredentials(header: string | undefined): { name: string; password: string } {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '')?.[1];
  const text = Buffer.from(encoded ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon > 0) return { name: text.slice(0, colon), password: text.slice(colon + 1) };
  throw new DomainError(
    'unauthenticated',
    'A name and a password are needed, as HTTP Basic: "curl -u NAME:PASSWORD".',
  );
}

function addressOf(c: Context<ApiEnv>): string {
  return c.env.incoming.socket.remoteAddress ?? 'local';
}
