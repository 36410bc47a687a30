import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HELLO, idOf, SECRET, startApi, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const soon = () => Math.floor(Date.now() / 1000) + 600;

/** A token of these very bytes: libraries refuse to make most of what is tried here. */
function forge(header: object, payload: unknown, key: string | Buffer = SECRET): string {
  return forgeText(header, JSON.stringify(payload), key);
}

/** The same with a payload that no JSON library would write. */
function forgeText(header: object, payload: string, key: string | Buffer = SECRET): string {
  const part = (text: string) => Buffer.from(text).toString('base64url');
  const signed = `${part(JSON.stringify(header))}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

const HS256 = { alg: 'HS256', typ: 'JWT' };
const claims = (more: object = {}) => ({ sub: 'someone', exp: soon(), ...more });

async function refused(token: string, at = api): Promise<string> {
  const answer = await at.call('GET', '/v1/containers', { token });
  expect(answer).toMatchObject({
    status: 401,
    json: { type: 'urn:berth:problem:unauthenticated', status: 401 },
  });
  expect(answer.headers['www-authenticate']).toBe('Bearer');
  expect(answer.headers['content-type']).toBe('application/problem+json');
  if (token.length > 20) expect(answer.text).not.toContain(token.split('.')[1]);
  return answer.text;
}

async function accepted(token: string, at = api): Promise<void> {
  expect(await at.call('GET', '/v1/containers', { token })).toMatchObject({ status: 200 });
}

describe('without a token', () => {
  test.each([
    ['GET', '/v1/containers'],
    ['POST', '/v1/containers'],
    ['GET', '/v1/containers/93cfc912-0660-44a7-ae26-e7e23f919659'],
    ['PUT', '/v1/containers/93cfc912-0660-44a7-ae26-e7e23f919659'],
    ['DELETE', '/v1/containers/93cfc912-0660-44a7-ae26-e7e23f919659'],
    ['GET', '/v1/containers/93cfc912-0660-44a7-ae26-e7e23f919659/revisions'],
    ['GET', '/v1/containers/93cfc912-0660-44a7-ae26-e7e23f919659/logs'],
    ['GET', '/v1/gpu-models'],
    ['GET', '/v1/gpus'],
    ['POST', '/v1/users'],
    ['POST', '/v1/tokens'],
    ['GET', '/v1/whatever'],
    ['PATCH', '/v1/containers'],
    ['OPTIONS', '/v1/containers'],
  ])('%s %s is a 401', async (method, path) => {
    const answer = await api.call(method, path, { token: null });
    expect(answer).toMatchObject({ status: 401, json: { type: 'urn:berth:problem:unauthenticated' } });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  test.each(['', 'Bearer', 'Bearer ', 'Basic YTpi', 'Token abc', 'Bearer a b', 'Bearer \t', 'null'])(
    'the header "%s" is a 401',
    async (header) => {
      const answer = await api.call('GET', '/v1/containers', {
        token: null,
        headers: { Authorization: header },
      });
      expect(answer.status).toBe(401);
    },
  );

  test('a token in the address does not count', async () => {
    const token = await api.token('me');
    for (const name of ['token', 'access_token', 'authorization']) {
      expect(await api.call('GET', `/v1/containers?${name}=${token}`, { token: null })).toMatchObject({
        status: 401,
      });
    }
  });
});

describe('a token that does not hold is a 401', () => {
  test.each(['x', 'a.b', 'a.b.c', '..', '.', 'a.b.c.d', 'e30.e30.', 'null', '9'.repeat(8_000)])(
    '%s',
    async (token) => {
      await refused(token);
    },
  );

  test('no signature and no algorithm', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      const [header, payload, signature] = forge({ alg }, claims()).split('.');
      await refused(`${header}.${payload}.`);
      await refused(`${header}.${payload}.${signature}`);
    }
  });

  test('an empty or another signature', async () => {
    const [header, payload] = forge(HS256, claims()).split('.');
    await refused(`${header}.${payload}.`);
    await refused(forge(HS256, claims(), 'another secret that has 32 bytes or more'));
    await refused(forge(HS256, claims(), ''));
  });

  test('claims that were changed after signing', async () => {
    const [header, , signature] = forge(HS256, claims()).split('.');
    const payload = Buffer.from(JSON.stringify(claims({ roles: ['ADMIN'] }))).toString('base64url');
    await refused(`${header}.${payload}.${signature}`);
  });

  test.each(['HS384', 'HS512', 'RS256', 'ES256', 'EdDSA', '', 'hs256'])('the algorithm "%s"', async (alg) => {
    await refused(forge({ alg }, claims()));
  });

  test.each([['exp'], ['b64'], [], 'exp', [''], ['urn:unknown']])(
    'the critical extensions %j',
    async (...crit) => {
      await refused(forge({ ...HS256, crit, 'urn:unknown': 1 }, claims()));
    },
  );

  test('an end that is missing, past, or no number', async () => {
    expect(await refused(forge(HS256, { sub: 'someone' }))).toContain('exp');
    expect(await refused(forge(HS256, claims({ exp: soon() - 3600 })))).toContain('expired');
    for (const exp of [String(soon()), null, true, [soon()]]) await refused(forge(HS256, claims({ exp })));
  });

  test.each(['1e400', '-1e400', '1e300', '9007199254740993', '253402300800', `${soon()}000`])(
    'an end that is no time: %s',
    async (exp) => {
      const payload = JSON.stringify(claims({ exp: 'EXP' })).replace('"EXP"', exp);
      await refused(forgeText(HS256, payload));
    },
  );

  test('a beginning that is ahead', async () => {
    await refused(forge(HS256, claims({ nbf: soon() })));
    await refused(forge(HS256, claims({ nbf: 'now' })));
  });

  test.each([undefined, null, '', 7, ['a'], { a: 1 }, 'x'.repeat(256)])('sub %j', async (sub) => {
    await refused(forge(HS256, claims({ sub })));
  });

  test.each([
    ...['a\0b', 'a\nb', '\t', '\u001b[2J', 'a\u007f', 'a\u0085b', 'a\u2028b', 'a\u2029b'],
    ...['a\u202eb', 'a\u2066b', 'a\u200fb', 'a\u061cb', 'a\u200bb', '\ufeffa', 'a\u00adb', 'a\ud800b'],
  ])('sub %j, which does not show as what it is', async (sub) => {
    await refused(forge(HS256, claims({ sub })));
    const made = await api.callLocal('POST', '/v1/tokens', { body: { sub } });
    expect(made).toMatchObject({ status: 400, json: { errors: [{ path: 'sub' }] } });
  });

  test.each(['ADMIN', 'ADMIN,USER', 7, { 0: 'ADMIN' }, [['ADMIN']], ['ADMIN', 7], null, true])(
    'roles %j, which give no rights either',
    async (roles) => {
      expect(await refused(forge(HS256, claims({ roles })))).toContain('must be a list of texts');
    },
  );

  test.each([[], 'text', null, 7])('a payload that is %j', async (payload) => {
    await refused(forge(HS256, payload));
  });
});

describe('a token that holds', () => {
  test('needs only sub and exp; clocks may differ by seconds', async () => {
    await accepted(forge(HS256, claims()));
    await accepted(forge(HS256, claims({ exp: Math.floor(Date.now() / 1000) - 2 })));
    await accepted(forge(HS256, claims({ nbf: Math.floor(Date.now() / 1000) + 2 })));
  });

  test.each([
    ...['Zoë', 'auth0|5cf37266', 'https://id.example/u/1', 'ann@example.com', '李', '🐙', ' '],
    'x'.repeat(255),
  ])('makes its sub the owner: %s', async (sub) => {
    const token = forge(HS256, claims({ sub }));
    expect(await api.call('POST', '/v1/containers', { token, body: HELLO })).toMatchObject({
      json: { createdBy: sub },
    });
    expect(await api.callLocal('POST', '/v1/tokens', { body: { sub } })).toMatchObject({ status: 201 });
  });

  test('for "local" speaks for the user of the Unix socket, without their rights', async () => {
    const made = await api.callLocal('POST', '/v1/containers', { body: HELLO });
    const token = forge(HS256, claims({ sub: 'local' }));
    expect(await api.call('GET', `/v1/containers/${idOf(made)}`, { token })).toMatchObject({ status: 200 });
    expect(await api.call('GET', '/v1/containers?all=true', { token })).toMatchObject({ status: 403 });
  });

  test.each([[], ['admin'], ['ADMINS'], [' ADMIN'], ['USER']])(
    'is no ADMIN’s with the roles %j',
    async (...roles) => {
      const token = forge(HS256, claims({ roles }));
      expect(await api.call('GET', '/v1/containers?all=true', { token })).toMatchObject({ status: 403 });
    },
  );

  test('the word Bearer may be in any case', async () => {
    const headers = { Authorization: `bEARER ${await api.token('me')}` };
    expect(await api.call('GET', '/v1/containers', { token: null, headers })).toMatchObject({ status: 200 });
  });
});

test('keys that a token points to are never fetched, nor its paths read', async () => {
  let asked = 0;
  const bait = createServer((_request, response) => {
    asked += 1;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => bait.listen(0, '127.0.0.1', resolve));
  const address = bait.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/jwks`;
  const jwk = { kty: 'oct', k: Buffer.from('the attacker’s own key, long enough').toString('base64url') };
  for (const pointer of [
    { jku: url },
    { x5u: url },
    { jwk },
    { kid: '../../../../dev/null' },
    { kid: url },
    { x5c: ['x'] },
  ]) {
    await refused(forge({ ...HS256, ...pointer }, claims(), Buffer.from(jwk.k, 'base64url')));
    await refused(forge({ ...HS256, ...pointer }, claims(), ''));
    // With our own signature the pointer is simply of no account.
    await accepted(forge({ ...HS256, ...pointer }, claims()));
  }
  bait.close();
  expect(asked).toBe(0);
});

test('tokens are in no log line, and no address is', async () => {
  const token = await api.token('me');
  await api.call('GET', '/v1/containers?secret=in-the-query', { token });
  await api.call('GET', '/v1/secret-in-the-path', { token });
  const logged = api.logged.join('');
  expect(logged).toContain('/v1/containers');
  for (const secret of [token, token.split('.')[2] ?? 'x', 'in-the-query', 'secret-in-the-path', 'Bearer']) {
    expect(logged).not.toContain(secret);
  }
});

describe('issuer and audience, where they are configured', () => {
  let own: TestApi;
  beforeAll(async () => {
    own = await startApi({ issuer: 'https://id.example', audience: 'berth' });
  });
  afterAll(() => own[Symbol.asyncDispose]());

  test('have to be right', async () => {
    await accepted(forge(HS256, claims({ iss: 'https://id.example', aud: 'berth' })), own);
    await accepted(forge(HS256, claims({ iss: 'https://id.example', aud: ['other', 'berth'] })), own);
    await accepted(await own.token('made-here'), own);
  });

  test.each([
    {},
    { iss: 'https://id.example' },
    { aud: 'berth' },
    { iss: 'https://evil.example', aud: 'berth' },
    { iss: 'https://id.example', aud: 'berths' },
    { iss: ['https://id.example'], aud: 'berth' },
  ])('%j is a 401', async (wrong) => {
    await refused(forge(HS256, claims(wrong)), own);
  });
});

describe('a secret in base64', () => {
  const bytes = Buffer.alloc(32, 7);
  test('signs with its bytes, and takes what was signed with its text', async () => {
    await using own = await startApi({ keys: { kind: 'secret', secret: bytes.toString('base64') } });
    await accepted(forge(HS256, claims(), bytes), own);
    await accepted(forge(HS256, claims(), bytes.toString('base64')), own);
    await refused(forge(HS256, claims(), SECRET), own);
  });
});

describe('a public key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const ed = generateKeyPairSync('ed25519');
  const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
  const sign = (key: KeyObject, alg: string, payload: JWTPayload = claims()) =>
    new SignJWT(payload).setProtectedHeader({ alg }).sign(key);

  test.each([
    ['RS256', rsa],
    ['PS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed],
  ] as const)('takes %s, and only what its owner signed', async (alg, { publicKey, privateKey }) => {
    await using own = await startApi({ keys: { kind: 'public-key', pem: pem(publicKey) } });
    await accepted(await sign(privateKey, alg), own);
    const { privateKey: stranger } =
      alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
        : alg === 'EdDSA'
          ? generateKeyPairSync('ed25519')
          : generateKeyPairSync('rsa', { modulusLength: 2048 });
    await refused(await sign(stranger, alg), own);
    // The public key, which everyone knows, taken for a shared secret.
    await refused(forge(HS256, claims({ roles: ['ADMIN'] }), pem(publicKey)), own);
    await refused(forge(HS256, claims(), pem(publicKey).trim()), own);
    await refused(
      forge({ alg }, claims(), createPublicKey(pem(publicKey)).export({ type: 'spki', format: 'der' })),
      own,
    );
  });

  test('takes no other algorithm of the same key', async () => {
    await using own = await startApi({ keys: { kind: 'public-key', pem: pem(rsa.publicKey) } });
    await refused(await sign(rsa.privateKey, 'RS512'), own);
    await refused(await sign(ec.privateKey, 'ES256'), own);
  });

  test('makes no tokens: both ways to one are a 409 that says where they come from', async () => {
    await using own = await startApi({ keys: { kind: 'public-key', pem: pem(ec.publicKey) } });
    const answer = await own.callLocal('POST', '/v1/tokens', { body: {} });
    expect(answer).toMatchObject({
      status: 409,
      json: { detail: expect.stringContaining('identity provider') },
    });
    await own.callLocal('POST', '/v1/users', { body: { name: 'ann', password: 'correct horse' } });
    const headers = { Authorization: `Basic ${Buffer.from('ann:correct horse').toString('base64')}` };
    expect(await own.call('GET', '/v1/users/token', { token: null, headers })).toMatchObject({ status: 409 });
  });

  test.each([
    ['an RSA key of 1024 bits', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey), /2048/],
    ['another curve', pem(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey), /P-256/],
    ['a key that only agrees', pem(generateKeyPairSync('x25519').publicKey), /RSA, EC P-256 or Ed25519/],
    ['a private key', ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), /private/],
    ['no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', /PEM/],
  ])('%s stops the start and says why', async (_what, text, why) => {
    await expect(startApi({ keys: { kind: 'public-key', pem: text } })).rejects.toThrow(why);
  });
});
