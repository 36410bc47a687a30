import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { publishedKeys } from '../../src/auth/jwks.ts';
import { startApi, type TestApi } from './api.ts';

const ISSUER = 'https://id.example';
const AUDIENCE = 'berth';

/** An identity provider that publishes keys, until it is told to do something else. */
interface Issuer extends AsyncDisposable {
  readonly url: string;
  fetches: number;
  answer: RequestListener;
  publish(...keys: JWK[]): void;
}

async function startIssuer(...keys: JWK[]): Promise<Issuer> {
  const server = createServer((request, response) => {
    issuer.fetches += 1;
    issuer.answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const issuer: Issuer = {
    url: `http://127.0.0.1:${address.port}/keys`,
    fetches: 0,
    answer: (_request, response) => response.end('{}'),
    publish(...published) {
      issuer.answer = (_request, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ keys: published }));
      };
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  issuer.publish(...keys);
  return issuer;
}

interface Signer {
  readonly jwk: JWK;
  sign(more?: object): Promise<string>;
}

async function signer(kid: string, alg = 'ES256'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    sign: (more = {}) => signed(privateKey, alg, kid, more),
  };
}

function signed(key: CryptoKey, alg: string, kid: string, more: object): Promise<string> {
  return new SignJWT({ sub: 'someone', iss: ISSUER, aud: AUDIENCE, ...more })
    .setProtectedHeader({ alg, kid })
    .setExpirationTime('5m')
    .sign(key);
}

function apiOf(issuer: Issuer): Promise<TestApi> {
  return startApi({ keys: { kind: 'jwks', url: issuer.url }, issuer: ISSUER, audience: AUDIENCE });
}

async function statusOf(api: TestApi, token: string): Promise<number> {
  return (await api.call('GET', '/v1/containers', { token })).status;
}

let first: Signer;
let second: Signer;
beforeAll(async () => {
  first = await signer('first');
  second = await signer('second', 'RS256');
});

describe('published keys', () => {
  test('are fetched once, and check what is signed with any of them', async () => {
    await using issuer = await startIssuer(first.jwk, second.jwk);
    await using api = await apiOf(issuer);
    const tokens = await Promise.all([first.sign(), second.sign(), first.sign()]);
    expect(await Promise.all(tokens.map((token) => statusOf(api, token)))).toEqual([200, 200, 200]);
    expect(issuer.fetches).toBe(1);
  });

  test('of others are no use, and neither is a token for another service', async () => {
    await using issuer = await startIssuer(first.jwk);
    await using api = await apiOf(issuer);
    const stranger = await signer('first');
    for (const token of [
      await stranger.sign(),
      await first.sign({ aud: 'other' }),
      await first.sign({ iss: 'x' }),
    ]) {
      expect(await statusOf(api, token)).toBe(401);
    }
  });

  test('stay in use while the issuer is down', async () => {
    await using issuer = await startIssuer(first.jwk);
    await using api = await apiOf(issuer);
    expect(await statusOf(api, await first.sign())).toBe(200);
    await issuer[Symbol.asyncDispose]();
    expect(await statusOf(api, await first.sign())).toBe(200);
    expect(await statusOf(api, await second.sign())).toBe(401);
    expect(await statusOf(api, await first.sign())).toBe(200);
  });

  test('that never came leave a 503, and no more than a token’s wait', async () => {
    await using issuer = await startIssuer();
    issuer.answer = (_request, response) => response.writeHead(500).end();
    await using api = await apiOf(issuer);
    const answer = await api.call('GET', '/v1/containers', { token: await first.sign() });
    expect(answer).toMatchObject({ status: 503, json: { type: 'urn:berth:problem:unavailable' } });
    expect(answer.headers['retry-after']).toBeDefined();
  });

  test('of an issuer that never answers are given up on', async () => {
    await using issuer = await startIssuer();
    issuer.answer = () => {};
    await using api = await apiOf(issuer);
    expect(await statusOf(api, await first.sign())).toBe(503);
  }, 15_000);

  test.each([
    [
      'a redirect',
      (to: string): RequestListener =>
        (_request, response) =>
          response.writeHead(302, { Location: to }).end(),
    ],
    ['no JSON', (): RequestListener => (_request, response) => response.end('<html>')],
    [
      'an answer without end',
      (): RequestListener => (_request, response) => {
        const more = () => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      },
    ],
  ])('that are %s are not taken', async (_what, answer) => {
    await using elsewhere = await startIssuer(first.jwk);
    await using issuer = await startIssuer();
    issuer.answer = answer(elsewhere.url);
    await using api = await apiOf(issuer);
    expect(await statusOf(api, await first.sign())).toBe(503);
    expect(elsewhere.fetches).toBe(0);
  });

  test('unknown ones are asked for, but not for every forged token', async () => {
    await using issuer = await startIssuer(first.jwk);
    await using api = await apiOf(issuer);
    expect(await statusOf(api, await first.sign())).toBe(200);
    for (let n = 0; n < 20; n += 1) expect(await statusOf(api, await second.sign())).toBe(401);
    expect(issuer.fetches).toBe(1);
  });

  test('two without a name are both tried', async () => {
    const twin = await signer('first');
    await using issuer = await startIssuer(twin.jwk, first.jwk);
    await using api = await apiOf(issuer);
    expect(await statusOf(api, await first.sign())).toBe(200);
  });
});

describe('with time', () => {
  const options = { issuer: ISSUER, audience: AUDIENCE };

  test('a new key is found once the pause between fetches is over', async () => {
    await using issuer = await startIssuer(first.jwk);
    const check = publishedKeys(new URL(issuer.url), () => {}, {
      refreshMs: 60_000,
      cooldownMs: 0,
      retryMs: 0,
    });
    await check(await first.sign(), options);
    issuer.publish(second.jwk);
    expect(await check(await second.sign(), options)).toMatchObject({ sub: 'someone' });
  });

  test('a key that was withdrawn ends with the next refresh, which no request waits for', async () => {
    await using issuer = await startIssuer(first.jwk);
    const check = publishedKeys(new URL(issuer.url), () => {}, {
      refreshMs: 0,
      cooldownMs: 60_000,
      retryMs: 0,
    });
    await check(await first.sign(), options);
    issuer.publish(second.jwk);
    await expect
      .poll(async () =>
        check(await first.sign(), options).then(
          () => 'holds',
          () => 'refused',
        ),
      )
      .toBe('refused');
  });

  test('a refresh that fails is told, and changes nothing', async () => {
    await using issuer = await startIssuer(first.jwk);
    const failures: unknown[] = [];
    const check = publishedKeys(new URL(issuer.url), (error) => failures.push(error), {
      refreshMs: 0,
      cooldownMs: 60_000,
      retryMs: 0,
    });
    await check(await first.sign(), options);
    issuer.answer = (_request, response) => response.writeHead(500).end();
    await expect
      .poll(async () => {
        await check(await first.sign(), options);
        return failures.length;
      })
      .toBeGreaterThan(0);
  });
});

describe('the start is refused', () => {
  test.each([
    'http://id.example/keys',
    'ftp://id.example/keys',
    'file:///etc/passwd',
    'http://127.0.0.1.example/',
    'keys',
  ])('with the address %s', async (url) => {
    const starting = startApi({ keys: { kind: 'jwks', url }, issuer: ISSUER, audience: AUDIENCE });
    await expect(starting).rejects.toThrow(/https/);
  });

  test('without an issuer or an audience', async () => {
    const keys = { kind: 'jwks', url: 'https://id.example/keys' } as const;
    await expect(startApi({ keys, issuer: ISSUER })).rejects.toThrow(/audience/);
    await expect(startApi({ keys, audience: AUDIENCE })).rejects.toThrow(/issuer/);
  });
});
