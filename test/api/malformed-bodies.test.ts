import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldsOf, HELLO, idOf, itemsOf, startApi, type TestApi } from './api.ts';

let api: TestApi;
let id: string;

beforeAll(async () => {
  api = await startApi();
  id = idOf(await api.call('POST', '/v1/containers', { body: HELLO }));
});
afterAll(() => api[Symbol.asyncDispose]());

/** A value, and where the refusal says that the fault lies. */
const MALFORMED: readonly (readonly [string, unknown, string])[] = [
  ['name', null, 'name'],
  ['name', '', 'name'],
  ['name', 7, 'name'],
  ['name', 'Hello', 'name'],
  ['name', '-hello', 'name'],
  ['name', 'hello-', 'name'],
  ['name', 'a.b', 'name'],
  ['name', 'a'.repeat(64), 'name'],
  ['name', 'hello\n', 'name'],
  ['image', null, 'image'],
  ['image', '', 'image'],
  ['image', 'nginx', 'image'],
  ['image', 'localhost:5000/nginx', 'image'],
  ['image', 'Nginx:1', 'image'],
  ['image', 'nginx:', 'image'],
  ['image', 'nginx@sha256:abc', 'image'],
  ['image', '--privileged:1', 'image'],
  ['image', ['nginx:1'], 'image'],
  ['cpu', null, 'cpu'],
  ['cpu', '1', 'cpu'],
  ['cpu', 0, 'cpu'],
  ['cpu', -1, 'cpu'],
  ['cpu', 0.001, 'cpu'],
  ['cpu', true, 'cpu'],
  ['ram', null, 'ram'],
  ['ram', 512, 'ram'],
  ['ram', '512MB', 'ram'],
  ['ram', '-1Gi', 'ram'],
  ['ram', '1e9', 'ram'],
  ['ram', '6291455', 'ram'],
  ['ram', '999999999999999Ti', 'ram'],
  ['gpu', -1, 'gpu'],
  ['gpu', 0.5, 'gpu'],
  ['gpu', '1', 'gpu'],
  ['gpu', 65, 'gpu'],
  ['ephemeralStorage', '0', 'ephemeralStorage'],
  ['ephemeralStorage', 'lots', 'ephemeralStorage'],
  ['command', 7, 'command'],
  ['command', {}, 'command'],
  ['command', ['sh', 7], 'command.1'],
  ['command', ['a\0b'], 'command.0'],
  ['arguments', true, 'arguments'],
  ['arguments', [null], 'arguments.0'],
  ['env', null, 'env'],
  ['env', ['A=B'], 'env'],
  ['env', { A: 1 }, 'env.A'],
  ['env', { A: null }, 'env.A'],
  ['env', { A: 'x\0' }, 'env.A'],
  ['env', { 'A=B': 'x' }, 'env.A=B'],
  ['env', { '': 'x' }, 'env.'],
  ['env', { '1A': 'x' }, 'env.1A'],
  ['env', { A: 'x'.repeat(200_000), B: 'x'.repeat(200_000) }, 'env'],
  ['port', 0, 'port'],
  ['port', 65_536, 'port'],
  ['port', '65536', 'port'],
  ['port', '080', 'port'],
  ['port', '80/tcp', 'port'],
  ['port', 80.5, 'port'],
  ['port', null, 'port'],
  ['desiredGPUs', 'a100', 'desiredGPUs'],
  ['desiredGPUs', ['a100', 'abacus'], 'desiredGPUs.1'],
  ['desiredGPUs', [1], 'desiredGPUs.0'],
  // The Kelvin sign, which is a "k" in lower case.
  ['desiredGPUs', ['\u212a80'], 'desiredGPUs.0'],
  ['gpuMemory', 8, 'gpuMemory'],
  ['gpuMemory', '8GB', 'gpuMemory'],
  ['gpuMemory', '8', 'gpuMemory'],
  ['shmSize', 64, 'shmSize'],
  ['shmSize', '64m', 'shmSize'],
  ['shmSize', '1048575', 'shmSize'],
  ['hostnames', null, 'hostnames'],
  ['hostnames', 'a.example.com', 'hostnames'],
  ['hostnames', ['localhost'], 'hostnames.0'],
  ['hostnames', ['127.0.0.1'], 'hostnames.0'],
  ['hostnames', ['a_b.example.com'], 'hostnames.0'],
  ['hostnames', ['a.example.com:80'], 'hostnames.0'],
  ['hostnames', ['*.example.com'], 'hostnames.0'],
  ['hostnames', ['\u212aelvin.example.com'], 'hostnames.0'],
  ['hostnames', ['Berth.example.com'], 'hostnames.0'],
  ['hostnames', ['a.example.com', 'A.Example.com'], 'hostnames'],
  ['hostnames', Array.from({ length: 17 }, (_, n) => `h${n}.example.com`), 'hostnames'],
  ['healthPath', 'healthz', 'healthPath'],
  ['healthPath', '/a b', 'healthPath'],
  ['healthPath', '/a#b', 'healthPath'],
  ['healthPath', '/a\r\nX: y', 'healthPath'],
  ['healthPath', `/${'a'.repeat(2048)}`, 'healthPath'],
  ['requestTimeout', 30, 'requestTimeout'],
  ['requestTimeout', '999ms', 'requestTimeout'],
  ['requestTimeout', '24h1s', 'requestTimeout'],
  ['requestTimeout', '5 minutes', 'requestTimeout'],
  ['volumes', {}, 'volumes'],
  ['volumes', ['data:/data'], 'volumes.0'],
  ['volumes', [{ name: 'data' }], 'volumes.0.path'],
  ['volumes', [{ path: '/data' }], 'volumes.0.name'],
  ['volumes', [{ name: '/etc', path: '/data' }], 'volumes.0.name'],
  ['volumes', [{ name: '..', path: '/data' }], 'volumes.0.name'],
  ['volumes', [{ name: 'data', path: '/' }], 'volumes.0.path'],
  ['volumes', [{ name: 'data', path: 'data' }], 'volumes.0.path'],
  ['volumes', [{ name: 'data', path: '/a/../b' }], 'volumes.0.path'],
  ['volumes', [{ name: 'data', path: '/data/' }], 'volumes.0.path'],
  ['volumes', [{ name: 'data', path: '/data:ro' }], 'volumes.0.path'],
  ['volumes', [{ name: 'data', path: '/proc/1' }], 'volumes.0.path'],
  ['volumes', [{ name: 'data', path: '/sys' }], 'volumes.0.path'],
  ['volumes', [{ name: 'data', path: '/dev/x' }], 'volumes.0.path'],
  ['volumes', [{ name: 'data', path: '/data', host: '/etc' }], 'volumes.0.host'],
  [
    'volumes',
    [
      { name: 'a', path: '/data' },
      { name: 'b', path: '/data' },
    ],
    'volumes',
  ],
];

describe('a value that is wrong is a 400 that names the field', () => {
  test.each(MALFORMED)('%s: %j', async (field, value, path) => {
    for (const [method, url, body] of [
      ['POST', '/v1/containers', { ...HELLO, [field]: value }],
      ['PUT', `/v1/containers/${id}`, { [field]: value }],
    ] as const) {
      const answer = await api.call(method, url, { body });
      expect(answer).toMatchObject({ status: 400, json: { type: 'urn:berth:problem:invalid', status: 400 } });
      expect(fieldsOf(answer)).toEqual([path]);
    }
  });

  test.each(['NaN', 'Infinity', '-Infinity'])('cpu %s, which JSON does not have', async (cpu) => {
    const answer = await api.call('POST', '/v1/containers', {
      body: `{"name":"a","image":"a:1","cpu":${cpu}}`,
    });
    expect(answer.status).toBe(400);
  });

  test.each(['1e309', '-1e309', '1e308'])('cpu %s', async (cpu) => {
    const answer = await api.call('POST', '/v1/containers', {
      body: `{"name":"a","image":"a:1","cpu":${cpu}}`,
    });
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual(['cpu']);
  });

  test('the domain of the generated names cannot be taken', async () => {
    await using own = await startApi({ domain: 'apps.example.com' });
    const answer = await own.call('POST', '/v1/containers', {
      body: { ...HELLO, hostnames: ['Apps.example.com'] },
    });
    expect(fieldsOf(answer)).toEqual(['hostnames.0']);
  });

  test('half a character of Unicode', async () => {
    const answer = await api.call('POST', '/v1/containers', {
      body: String.raw`{"name":"a","image":"a:1","env":{"A":"\ud800"}}`,
    });
    expect(fieldsOf(answer)).toEqual(['env.A']);
  });
});

describe('a field that is not for clients is a 400 that names it', () => {
  test.each([
    ...['id', 'createdBy', 'status', 'urls', 'dateCreated', 'dateUpdated'],
    ...['revision', 'servingRevision', 'statusReason'],
  ])('%s cannot be set', async (field) => {
    const answer = await api.call('PUT', `/v1/containers/${id}`, { body: { [field]: 'x' } });
    expect(answer).toMatchObject({
      status: 400,
      json: { errors: [{ path: field, message: expect.stringContaining("can't be set") }] },
    });
  });

  test.each([
    ...['minInstances', 'maxInstances', 'concurrency', 'idleTimeout', 'idleMode', 'ttl'],
    ...['privileged', 'devices', 'networkMode', 'binds', 'mounts', 'user', 'Image', 'constructo', 'toString'],
  ])('%s is unknown', async (field) => {
    const answer = await api.call('POST', '/v1/containers', { body: { ...HELLO, [field]: 1 } });
    expect(answer).toMatchObject({ status: 400, json: { errors: [{ path: field, message: 'is unknown' }] } });
  });

  test.each([
    ['__proto__', '{"name":"a","image":"a:1","__proto__":{"admin":true}}'],
    ['constructor', '{"name":"a","image":"a:1","constructor":{"prototype":{}}}'],
    ['env.__proto__', '{"name":"a","image":"a:1","env":{"__proto__":"x"}}'],
    ['volumes.0.prototype', '{"name":"a","image":"a:1","volumes":[{"name":"a","path":"/a","prototype":1}]}'],
  ])('%s is not allowed, and pollutes nothing', async (path, body) => {
    const answer = await api.call('POST', '/v1/containers', { body });
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual([path]);
    expect('admin' in {}).toBe(false);
  });
});

test('name and image are required', async () => {
  const answer = await api.call('POST', '/v1/containers', { body: {} });
  expect(answer.status).toBe(400);
  expect(answer.json).toMatchObject({
    errors: [
      { path: 'name', message: 'is required' },
      { path: 'image', message: 'is required' },
    ],
  });
});

test('several faults are all listed, and the detail tells them too', async () => {
  const body = { ...HELLO, cpu: -1, ram: '1Mi', env: { A: 1 }, ttl: '1h', id: 'x' };
  const answer = await api.call('POST', '/v1/containers', { body });
  expect(fieldsOf(answer).toSorted()).toEqual(['cpu', 'env.A', 'id', 'ram', 'ttl']);
  expect(answer.json).toMatchObject({ detail: expect.stringMatching(/cpu .*; ram .*; env\.A .*/) });
});

test('an image without a tag is told so', async () => {
  const answer = await api.call('POST', '/v1/containers', { body: { ...HELLO, image: 'nginx' } });
  expect(answer.json).toMatchObject({ errors: [{ message: expect.stringContaining('tag or a digest') }] });
});

test('a value of env is never told back', async () => {
  const body = { ...HELLO, env: { TOKEN: 'hunter2\0', 'B=C': 'hunter2' } };
  const answer = await api.call('POST', '/v1/containers', { body });
  expect(answer.status).toBe(400);
  expect(answer.text).not.toContain('hunter2');
  expect(api.logged.join('')).not.toContain('hunter2');
});

test('a refused body changes nothing', async () => {
  const before = itemsOf(await api.call('GET', `/v1/containers/${id}/revisions`));
  const kicks = api.kicked.length;
  await api.call('PUT', `/v1/containers/${id}`, { body: { cpu: 1, ram: '1Mi' } });
  expect(itemsOf(await api.call('GET', `/v1/containers/${id}/revisions`))).toEqual(before);
  expect(api.kicked).toHaveLength(kicks);
});
