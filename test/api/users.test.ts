import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Answer, fieldsOf, HELLO, startApi, type TestApi } from './api.ts';

let api: TestApi;
const password = 'correct horse: battery staple ü';
beforeAll(async () => {
  api = await startApi();
  await api.callLocal('POST', '/v1/users', { body: { name: 'ann', password, roles: ['USER'] } });
});
afterAll(() => api[Symbol.asyncDispose]());

const basic = (credentials: string) => ({
  Authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
});
const login = (headers: Record<string, string>): Promise<Answer> =>
  api.call('GET', '/v1/users/token', { token: null, headers });
/** Whom a token is for, and with which roles. */
const saysOf = (token: string) =>
  z
    .object({ sub: z.string(), roles: z.array(z.string()) })
    .parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
const tokenOf = ({ json }: Answer) => z.object({ token: z.string() }).parse(json).token;

describe('GET /v1/users/token', () => {
  test('gives a token for a name and a password, as clients of the original platform ask', async () => {
    const answer = await login(basic(`ann:${password}`));
    expect(answer).toMatchObject({ status: 200, json: { token: expect.any(String) } });
    expect(Object.keys(z.record(z.string(), z.unknown()).parse(answer.json))).toEqual(['token']);
    const made = await api.call('POST', '/v1/containers', { token: tokenOf(answer), body: HELLO });
    expect(made.status).toBe(201);
    expect(await api.call('GET', '/v1/containers?all=true', { token: tokenOf(answer) })).toMatchObject({
      status: 403,
    });
  });

  test('the token holds for a day', async () => {
    const [, payload = ''] = tokenOf(await login(basic(`ann:${password}`))).split('.');
    const { exp, iat } = z
      .object({ exp: z.number(), iat: z.number() })
      .parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    expect(exp - iat).toBe(24 * 3600);
  });

  test.each([
    ['a wrong password', basic('ann:wrong password')],
    ['an empty password', basic('ann:')],
    ['an unknown name', basic(`nobody:${password}`)],
    ['no colon', basic('ann')],
    ['no name', basic(`:${password}`)],
    ['no base64', { Authorization: 'Basic ***' }],
    ['another scheme', { Authorization: 'Digest username="ann"' }],
    ['nothing', {}],
  ])('%s is a 401 that asks for Basic', async (_what, headers) => {
    const answer = await login(headers);
    expect(answer).toMatchObject({ status: 401, json: { type: 'urn:berth:problem:unauthenticated' } });
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm="berth"/);
    expect(answer.text).not.toContain('wrong password');
  });

  test('a wrong name and a wrong password are told the same', async () => {
    const [name, word] = [
      await login(basic('nobody:some password')),
      await login(basic('ann:some password')),
    ];
    expect(name.json).toEqual(word.json);
  });

  test('a bearer token is no way in', async () => {
    expect(await login({ Authorization: `Bearer ${await api.token('ann')}` })).toMatchObject({ status: 401 });
  });

  test('after ten wrong passwords a name has to wait, and others do not', async () => {
    await api.callLocal('POST', '/v1/users', { body: { name: 'bob', password } });
    for (let n = 0; n < 10; n += 1) expect(await login(basic('bob:wrong'))).toMatchObject({ status: 401 });
    const answer = await login(basic(`bob:${password}`));
    expect(answer).toMatchObject({ status: 429, json: { type: 'urn:berth:problem:too-many' } });
    expect(answer.headers['retry-after']).toMatch(/^[0-9]+$/);
    expect(await login(basic(`ann:${password}`))).toMatchObject({ status: 200 });
  });

  test('a crowd of logins is answered or told to come again, and never fails', async () => {
    const crowd = await Promise.all(Array.from({ length: 40 }, (_, n) => login(basic(`someone-${n}:guess`))));
    const statuses = new Set(crowd.map(({ status }) => status));
    expect([...statuses].toSorted()).toEqual([401, 429]);
  });
});

describe('POST /v1/users', () => {
  test('adds a user and shows no password', async () => {
    const body = { name: 'carol@example.com', password: 'another password', roles: ['ADMIN'] };
    const answer = await api.call('POST', '/v1/users', { body });
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.json).toEqual({ id: expect.any(String), name: 'carol@example.com', roles: ['ADMIN'] });
    const token = tokenOf(await login(basic('carol@example.com:another password')));
    expect(await api.call('GET', '/v1/containers?all=true', { token })).toMatchObject({ status: 200 });
  });

  test('a name that is taken is a 409', async () => {
    const answer = await api.call('POST', '/v1/users', { body: { name: 'ann', password } });
    expect(answer).toMatchObject({ status: 409 });
    expect(fieldsOf(answer)).toEqual(['name']);
  });

  test('is for ADMIN only', async () => {
    const answer = await api.call('POST', '/v1/users', {
      token: await api.token('me'),
      body: { name: 'x', password },
    });
    expect(answer).toMatchObject({ status: 403 });
    expect(await api.users.findByName('x')).toBeUndefined();
  });

  test.each([
    [{ password }, 'name'],
    [{ name: 'a:b', password }, 'name'],
    [{ name: '', password }, 'name'],
    [{ name: 'x' }, 'password'],
    [{ name: 'x', password: 'short' }, 'password'],
    [{ name: 'x', password: 12345678 }, 'password'],
    [{ name: 'x', password, roles: 'ADMIN' }, 'roles'],
    [{ name: 'x', password, roles: [1] }, 'roles.0'],
    [{ name: 'x', password, admin: true }, 'admin'],
  ])('%j is a 400 that names the field', async (body, field) => {
    const answer = await api.call('POST', '/v1/users', { body });
    expect(answer).toMatchObject({ status: 400 });
    expect(fieldsOf(answer)).toEqual([field]);
  });

  test('passwords are kept as salted scrypt hashes, and are in no log line', async () => {
    await api.call('POST', '/v1/users', { body: { name: 'dora', password } });
    await api.call('POST', '/v1/users', { body: { name: 'emil', password } });
    const [dora, emil] = [await api.users.findByName('dora'), await api.users.findByName('emil')];
    expect(dora?.passwordHash).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$/);
    expect(dora?.passwordHash).not.toBe(emil?.passwordHash);
    expect(api.logged.join('')).not.toContain('correct horse');
  });
});

describe('POST /v1/tokens', () => {
  test('makes a token for anyone, with roles and an end', async () => {
    const answer = await api.callLocal('POST', '/v1/tokens', {
      body: { sub: 'u-1', roles: ['ADMIN'], ttl: '1h' },
    });
    expect(answer.status).toBe(201);
    const { token, expires } = z
      .object({ token: z.string(), expires: z.string() })
      .strict()
      .parse(answer.json);
    expect(expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Math.abs(Date.parse(expires) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    const made = await api.call('POST', '/v1/containers', { token, body: HELLO });
    expect(made).toMatchObject({ status: 201, json: { createdBy: 'u-1' } });
    expect(await api.call('GET', '/v1/containers?all=true', { token })).toMatchObject({ status: 200 });
  });

  test('by default it is the caller’s, without roles', async () => {
    const answer = await api.callLocal('POST', '/v1/tokens', { body: {} });
    const made = await api.call('POST', '/v1/containers', { token: tokenOf(answer), body: HELLO });
    expect(made).toMatchObject({ status: 201, json: { createdBy: 'local' } });
    expect(await api.call('GET', '/v1/containers?all=true', { token: tokenOf(answer) })).toMatchObject({
      status: 403,
    });
  });

  test('by a user’s name it is the one that they would fetch themselves', async () => {
    const fetched = tokenOf(await login(basic(`ann:${password}`)));
    const given = tokenOf(await api.callLocal('POST', '/v1/tokens', { body: { user: 'ann' } }));
    expect(saysOf(given)).toEqual(saysOf(fetched));
    const narrowed = await api.callLocal('POST', '/v1/tokens', { body: { user: 'ann', roles: [] } });
    expect(saysOf(tokenOf(narrowed))).toEqual({ ...saysOf(fetched), roles: [] });
  });

  test('a name that no user has is a 404 that names the field', async () => {
    const answer = await api.callLocal('POST', '/v1/tokens', { body: { user: 'nobody' } });
    expect(answer).toMatchObject({ status: 404, json: { detail: expect.stringContaining('"nobody"') } });
    expect(fieldsOf(answer)).toEqual(['user']);
  });

  test('is for ADMIN only: nobody makes a token with more rights', async () => {
    const body = { sub: 'root', roles: ['ADMIN'] };
    expect(await api.call('POST', '/v1/tokens', { token: await api.token('me'), body })).toMatchObject({
      status: 403,
    });
  });

  test.each([
    [{ ttl: '0s' }, 'ttl'],
    [{ ttl: '9000h' }, 'ttl'],
    [{ ttl: 60 }, 'ttl'],
    [{ sub: '' }, 'sub'],
    [{ sub: 'a\nb' }, 'sub'],
    [{ user: '' }, 'user'],
    [{ user: 7 }, 'user'],
    [{ user: 'ann', sub: 'ann' }, 'user'],
    [{ roles: null }, 'roles'],
    [{ exp: 1 }, 'exp'],
  ])('%j is a 400 that names the field', async (body, field) => {
    const answer = await api.callLocal('POST', '/v1/tokens', { body });
    expect(answer).toMatchObject({ status: 400 });
    expect(fieldsOf(answer)).toEqual([field]);
  });
});
