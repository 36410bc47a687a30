import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HELLO, idOf, itemsOf, startApi, type TestApi } from './api.ts';

// A client written against the documented page alone: its requests as they stand there, its answers field by field.

let api: TestApi;
let token: string;
const started = new Date('2023-09-23T17:03:36.789Z');
let now = started;

beforeAll(async () => {
  api = await startApi({ now: () => now, gatewayPort: () => 80 });
  token = await api.token('5cf37266-3473-4006-984f-9325122678b7');
});
afterAll(() => api[Symbol.asyncDispose]());

const DOCUMENTED_CREATE = {
  name: 'hello-world',
  image: 'nginxdemos/hello:latest',
  cpu: 1,
  ram: '512Mi',
  gpu: 0,
  ephemeralStorage: '10Gi',
  port: '80',
  env: { FOO: 'bar' },
};

describe('create', () => {
  test('answers 201 with every documented field, as documented', async () => {
    const answer = await api.call('POST', '/v1/containers', { token, body: DOCUMENTED_CREATE });
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      ...DOCUMENTED_CREATE,
      createdBy: '5cf37266-3473-4006-984f-9325122678b7',
      command: null,
      arguments: null,
      dateCreated: '2023-09-23T17:03:36Z',
      dateUpdated: '2023-09-23T17:03:36Z',
      status: 'deploying',
      urls: null,
      desiredGPUs: null,
      // Extensions, which a client of the page may overlook.
      gpuMemory: null,
      shmSize: '64Mi',
      hostnames: [],
      healthPath: null,
      requestTimeout: '5m',
      volumes: [],
      revision: 1,
      servingRevision: null,
      statusReason: null,
    });
  });

  test('fills in the defaults, and hands the container to the reconciler', async () => {
    const answer = await api.call('POST', '/v1/containers', { token, body: HELLO });
    expect(answer.json).toMatchObject({
      cpu: 1,
      ram: '512Mi',
      gpu: 0,
      ephemeralStorage: '10Gi',
      env: {},
      command: null,
      arguments: null,
      port: '80',
    });
    expect(api.kicked).toContain(idOf(answer));
  });

  test('echoes quantities as given, and the port always as text', async () => {
    const body = { ...HELLO, cpu: 0.5, ram: '1048576000', ephemeralStorage: '1.5Gi', port: 8080 };
    const answer = await api.call('POST', '/v1/containers', { token, body });
    expect(answer.json).toMatchObject({
      cpu: 0.5,
      ram: '1048576000',
      ephemeralStorage: '1.5Gi',
      port: '8080',
    });
  });

  test('takes a plain string as a list of one, and lists and null as they are', async () => {
    const words = { command: 'sh', arguments: ['-c', 'echo hi'] };
    const answer = await api.call('POST', '/v1/containers', { token, body: { ...HELLO, ...words } });
    expect(answer.json).toMatchObject({ command: ['sh'], arguments: ['-c', 'echo hi'] });
    const image = await api.call('POST', '/v1/containers', { token, body: { ...HELLO, command: null } });
    expect(image.json).toMatchObject({ command: null, arguments: null });
  });

  test.each(['nginx:1.27', `nginx@sha256:${'0'.repeat(64)}`, 'localhost:5000/a/b:x', 'ghcr.io/o/r:v1.0'])(
    'takes the image %s',
    async (image) => {
      const answer = await api.call('POST', '/v1/containers', { token, body: { ...HELLO, image } });
      expect(answer).toMatchObject({ status: 201, json: { image } });
    },
  );

  test('names are not unique', async () => {
    for (const _ of [1, 2]) {
      expect(await api.call('POST', '/v1/containers', { token, body: HELLO })).toMatchObject({ status: 201 });
    }
  });
});

describe('get and list', () => {
  test('a deployed container has its urls, and an empty list of GPUs where none was asked for', async () => {
    const id = idOf(
      await api.call('POST', '/v1/containers', { token, body: { ...HELLO, hostnames: ['own.example.com'] } }),
    );
    await api.containers.markServing(id, 1, []);
    await api.containers.setStatus(id, 1, 'deployed', null);
    const answer = await api.call('GET', `/v1/containers/${id}`, {
      token,
      headers: { Accept: 'application/json' },
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      id,
      status: 'deployed',
      urls: [expect.stringMatching(/^hello-world-[a-z2-7]{8}\.localhost$/), 'own.example.com'],
      desiredGPUs: [],
      servingRevision: 1,
    });
  });

  test('the envelope says items, total, page and rowsPerPage; the newest comes first', async () => {
    const mine = await api.token('lister');
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      ids.unshift(idOf(await api.call('POST', '/v1/containers', { token: mine, body: HELLO })));
    }
    const answer = await api.call('GET', '/v1/containers', {
      token: mine,
      headers: { Accept: 'application/json' },
    });
    expect(answer.json).toMatchObject({ total: 3, page: 1, rowsPerPage: 10 });
    expect(itemsOf(answer).map(({ id }) => id)).toEqual(ids);
  });
});

describe('update and revisions', () => {
  test('keeps what is left out, replaces env whole, and counts revisions', async () => {
    const full = { ...DOCUMENTED_CREATE, env: { FOO: 'bar', GONE: 'yes' }, command: ['run'], port: '8080' };
    const id = idOf(await api.call('POST', '/v1/containers', { token, body: full }));
    now = new Date('2023-09-23T17:04:53Z');
    const body = { image: 'nginxdemos/hello:updated', env: { FOO: 'updated-bar' } };
    const updated = await api.call('PUT', `/v1/containers/${id}`, { token, body });
    now = started;
    expect(updated).toMatchObject({
      status: 200,
      json: {
        ...full,
        ...body,
        dateCreated: '2023-09-23T17:03:36Z',
        dateUpdated: '2023-09-23T17:04:53Z',
        status: 'deploying',
        revision: 2,
      },
    });
    expect(updated.json).toHaveProperty('env', { FOO: 'updated-bar' });
    expect(api.kicked.filter((kicked) => kicked === id)).toHaveLength(2);

    const revisions = await api.call('GET', `/v1/containers/${id}/revisions`, {
      token,
      headers: { 'Content-Type': 'application/json' },
    });
    expect(revisions.json).toEqual({
      items: [
        {
          containerID: id,
          revisionNumber: 2,
          image: 'nginxdemos/hello:updated',
          dateCreated: '2023-09-23T17:04:53Z',
        },
        {
          containerID: id,
          revisionNumber: 1,
          image: 'nginxdemos/hello:latest',
          dateCreated: '2023-09-23T17:03:36Z',
        },
      ],
      total: 2,
      page: 1,
      rowsPerPage: 10,
    });
  });

  test('every accepted PUT is a new revision, an empty one too', async () => {
    const id = idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
    expect(await api.call('PUT', `/v1/containers/${id}`, { token, body: {} })).toMatchObject({
      json: { revision: 2 },
    });
  });

  test('null takes command, arguments and healthPath back', async () => {
    const set = { command: 'a', arguments: 'b', healthPath: '/up' };
    const id = idOf(await api.call('POST', '/v1/containers', { token, body: { ...HELLO, ...set } }));
    const unset = { command: null, arguments: null, healthPath: null };
    expect(await api.call('PUT', `/v1/containers/${id}`, { token, body: unset })).toMatchObject({
      json: unset,
    });
  });

  test('an update that failed leaves the previous revision serving, and says which', async () => {
    const id = idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
    await api.containers.markServing(id, 1, []);
    await api.call('PUT', `/v1/containers/${id}`, {
      token,
      body: { name: 'renamed', image: 'no/such:image' },
    });
    await api.containers.setStatus(id, 2, 'failed', 'there is no such image');
    expect(await api.call('GET', `/v1/containers/${id}`, { token })).toMatchObject({
      json: {
        name: 'renamed',
        status: 'failed',
        statusReason: 'there is no such image',
        revision: 2,
        servingRevision: 1,
        urls: [expect.stringMatching(/^hello-world-/)],
      },
    });
  });

  test('a hundred concurrent PUTs get contiguous revision numbers', async () => {
    const id = idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
    const puts = Array.from({ length: 100 }, () =>
      api.call('PUT', `/v1/containers/${id}`, { token, body: {} }),
    );
    expect((await Promise.all(puts)).map(({ status }) => status)).toEqual(Array(100).fill(200));
    const revisions = itemsOf(await api.call('GET', `/v1/containers/${id}/revisions?rows=1000`, { token }));
    expect(revisions.map(({ revisionNumber }) => revisionNumber)).toEqual(
      Array.from({ length: 101 }, (_, n) => 101 - n),
    );
  });
});

describe('delete', () => {
  test('answers 204 at once; the id is unknown from then on', async () => {
    const id = idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
    const headers = { 'Content-Type': 'application/json' };
    const deleted = await api.call('DELETE', `/v1/containers/${id}`, { token, headers });
    expect(deleted).toMatchObject({ status: 204, text: '' });
    expect(api.kicked.at(-1)).toBe(id);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/revisions'],
      ['GET', '/logs'],
    ] as const) {
      expect(await api.call(method, `/v1/containers/${id}${path}`, { token })).toMatchObject({ status: 404 });
    }
    expect(await api.call('PUT', `/v1/containers/${id}`, { token, body: {} })).toMatchObject({ status: 404 });
  });

  test('a PUT that races a DELETE leaves nothing behind', async () => {
    const id = idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
    const puts = Array.from({ length: 10 }, () =>
      api.call('PUT', `/v1/containers/${id}`, { token, body: {} }),
    );
    const [deleted, ...answers] = await Promise.all([
      api.call('DELETE', `/v1/containers/${id}`, { token }),
      ...puts,
    ]);
    expect(deleted.status).toBe(204);
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 404)).toEqual(
      [],
    );
    expect(await api.call('GET', `/v1/containers/${id}`, { token })).toMatchObject({ status: 404 });
  });
});

test("gpu-models: the 25 documented ones in the document's order, then more", async () => {
  const page = await api.call('GET', '/v1/gpu-models', { token });
  expect(page.json).toMatchObject({ page: 1, rowsPerPage: 100 });
  expect(itemsOf(page)).toHaveLength(100);
  const answer = await api.call('GET', '/v1/gpu-models?rows=1000', { token });
  const items = itemsOf(answer);
  expect(items.slice(0, 100)).toEqual(itemsOf(page));
  expect(answer.json).toHaveProperty('total', items.length);
  expect(items.slice(0, 25)).toEqual([
    { code: 'h100', name: 'Nvidia h100' },
    { code: 'a100', name: 'Nvidia a100' },
    { code: 'a40', name: 'Nvidia a40' },
    { code: 'a16', name: 'Nvidia a16' },
    { code: 't4', name: 'Nvidia t4' },
    { code: 'v100', name: 'Nvidia v100' },
    { code: 'p4', name: 'Nvidia tesla-p4' },
    { code: 'p100', name: 'Nvidia tesla-p100' },
    { code: 'k80', name: 'Nvidia tesla-k80' },
    { code: '3050', name: 'Nvidia rtx-3050' },
    { code: '3060', name: 'Nvidia rtx-3060' },
    { code: '3060ti', name: 'Nvidia rtx-3060-ti' },
    { code: '3070', name: 'Nvidia rtx-3070' },
    { code: '3070ti', name: 'Nvidia rtx-3070-ti' },
    { code: '3080', name: 'Nvidia rtx-3080' },
    { code: '3080ti', name: 'Nvidia rtx-3080-ti' },
    { code: '3090', name: 'Nvidia rtx-3090' },
    { code: '3090ti', name: 'Nvidia rtx-3090-ti' },
    { code: '1050', name: 'Nvidia gtx-1050' },
    { code: '1050ti', name: 'Nvidia gtx-1050-ti' },
    { code: '1060', name: 'Nvidia gtx-1060' },
    { code: '1070', name: 'Nvidia gtx-1070' },
    { code: '1070ti', name: 'Nvidia gtx-1070-ti' },
    { code: '1080', name: 'Nvidia gtx-1080' },
    { code: '1080ti', name: 'Nvidia gtx-1080-ti' },
  ]);
  expect(items).toContainEqual({ code: '4090', name: 'Nvidia rtx-4090' });
  expect(items).toContainEqual({ code: 'h200', name: 'Nvidia h200' });
  expect(new Set(items.map(({ code }) => code)).size).toBe(items.length);
});
