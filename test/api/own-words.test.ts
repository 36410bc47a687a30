import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HELLO, idOf, SECRET, startApi, type TestApi } from './api.ts';

/** How the validator speaks by itself: in types, and not of what to write. */
const VALIDATOR =
  /Too (?:small|big)|Invalid (?:input|string|key|element|option)|[Ee]xpected|[Uu]nrecognized|received/;

const ODD: readonly unknown[] = [
  ...[null, true, '', ' ', '\0', 'x', 'x'.repeat(300_000)],
  ...[0, -1, 0.5, 65, 80_000, 1e20, -1e20, 1e308],
  ...[[], [null], [7], [''], ['x'], [[]], [{}], Array.from({ length: 2000 }, (_, n) => `${n}`)],
  ...[{}, { '': '' }, { A: null }, { A: 7 }, { '1': 'x' }, { name: 7, path: 7 }],
  ...[[{ name: 7, path: 7 }], [{ name: '', path: '' }], [{ name: 'a', path: '/a', more: 1 }]],
  // One level deeper than anything is expected.
  ...[[1, 'x'], [true], [0.5], [['x']], [{ A: 7 }], ['x', null], { A: [7] }, { A: { B: 7 } }, { A: true }],
  ...[[{ name: ['a'], path: {} }], [{ name: null, path: null }], [{}, {}], [[{ name: 'a', path: '/a' }]]],
];

const CONTAINER = [
  ...['name', 'image', 'cpu', 'ram', 'gpu', 'ephemeralStorage', 'command', 'arguments', 'env', 'port'],
  ...['desiredGPUs', 'gpuMemory', 'shmSize', 'hostnames', 'healthPath', 'requestTimeout', 'volumes', 'more'],
];

let api: TestApi;
let id: string;

beforeAll(async () => {
  api = await startApi();
  id = idOf(await api.call('POST', '/v1/containers', { body: HELLO }));
});
afterAll(() => api[Symbol.asyncDispose]());

/** What the answers to a field's odd values say that only the validator would. */
async function leaks(method: string, path: string, field: string, others: object): Promise<string[]> {
  const said: string[] = [];
  for (const value of ODD) {
    const { text } = await api.call(method, path, { body: { ...others, [field]: value } });
    if (VALIDATOR.test(text)) said.push(text);
  }
  return said;
}

describe('a refusal says in berth’s own words what to write', () => {
  test.each(CONTAINER)('%s of a container', async (field) => {
    expect(await leaks('PUT', `/v1/containers/${id}`, field, {})).toEqual([]);
  });

  test.each(['name', 'password', 'roles', 'more'])('%s of a user', async (field) => {
    const others = field === 'name' ? {} : { name: 'ann' };
    expect(await leaks('POST', '/v1/users', field, others)).toEqual([]);
  });

  test.each(['sub', 'user', 'roles', 'ttl', 'more'])('%s of a token', async (field) => {
    expect(await leaks('POST', '/v1/tokens', field, {})).toEqual([]);
  });

  test('roles that are no texts, in a body and in a token', async () => {
    for (const path of ['/v1/users', '/v1/tokens']) {
      const body = { ...(path === '/v1/users' && { name: 'ann', password: 'correct horse' }), roles: [1] };
      const refused = await api.call('POST', path, { body });
      expect(refused).toMatchObject({
        status: 400,
        json: { errors: [{ path: 'roles.0', message: expect.stringMatching(/^must be a list of /) }] },
      });
    }
    const key = Buffer.from(SECRET);
    for (const roles of [1, [1], [null], [['ADMIN']]]) {
      const claims = new SignJWT({ sub: 'ann', roles }).setExpirationTime('1h');
      const token = await claims.setProtectedHeader({ alg: 'HS256' }).sign(key);
      const refused = await api.call('GET', '/v1/containers', { token });
      expect(refused).toMatchObject({
        status: 401,
        json: { detail: 'The token was refused: its "roles" must be a list of texts.' },
      });
    }
  });

  test.each(['null', '[]', '7', '"x"', 'true', '{', ''])('the body %s', async (body) => {
    for (const path of ['/v1/containers', '/v1/users', '/v1/tokens']) {
      expect((await api.call('POST', path, { body })).text).not.toMatch(VALIDATOR);
    }
  });

  test.each([
    ...['page', 'rows', 'all', 'follow', 'tail', 'since', 'revision'].flatMap((name) => [
      `${name}=`,
      `${name}=x`,
      `${name}=-1`,
      `${name}=99999999999`,
      `${name}=1&${name}=2`,
    ]),
  ])('the query ?%s', async (query) => {
    for (const path of ['/v1/containers', `/v1/containers/${id}/revisions`, '/v1/gpu-models', '/v1/gpus']) {
      expect((await api.call('GET', `${path}?${query}`)).text).not.toMatch(VALIDATOR);
    }
    const log = `/v1/containers/${id}/logs?follow=false&${query}`;
    expect((await api.call('GET', log)).text).not.toMatch(VALIDATOR);
  });
});

test('a port out of range is told the range', async () => {
  for (const port of [0, -1, 80_000, 1e20, 1.5, '0', '65536', '']) {
    const answer = await api.call('PUT', `/v1/containers/${id}`, { body: { port } });
    expect(answer.json).toMatchObject({ detail: 'port must be a port from 1 to 65535' });
  }
});
