import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { json, startApiServer } from './api-server.ts';

const page = { items: [], total: 0, page: 2, rowsPerPage: 5 };

test('a call carries the token and its query, and resolves with the answer', async () => {
  await using server = await startApiServer(json(200, page));
  const client = createClient({ baseUrl: `${server.url}/`, token: 'T' });
  await expect(client.listContainers({ page: 2, rows: 5, all: true })).resolves.toEqual(page);
  const [request] = server.requests;
  expect(request?.url).toBe('/v1/containers?page=2&rows=5&all=true');
  expect(request?.headers.authorization).toBe('Bearer T');
});

test('what a caller leaves out of a query is left to the API', async () => {
  await using server = await startApiServer(json(200, page));
  await createClient({ baseUrl: server.url }).gpuModels();
  expect(server.requests[0]?.url).toBe('/v1/gpu-models');
  expect(server.requests[0]?.headers.authorization).toBeUndefined();
});

test('the GPUs come with what is told beside them', async () => {
  const told = { ...page, reason: 'nvidia-smi is not installed' };
  await using server = await startApiServer(json(200, told));
  await expect(createClient({ baseUrl: server.url }).gpus({ rows: 5 })).resolves.toEqual(told);
  expect(server.requests[0]?.url).toBe('/v1/gpus?rows=5');
});

test('an id that is no id stays one part of the path', async () => {
  await using server = await startApiServer(json(200, {}));
  await createClient({ baseUrl: server.url }).getContainer('../users?x=1#y');
  expect(server.requests[0]?.url).toBe('/v1/containers/..%2Fusers%3Fx%3D1%23y');
});

test('a name and a password travel as Basic, in UTF-8', async () => {
  await using server = await startApiServer(json(200, { token: 'T' }));
  await createClient({ baseUrl: server.url, token: 'other' }).loginWithPassword('zoë', 'pä:ss');
  const [, encoded = ''] = server.requests[0]?.headers.authorization?.split(' ') ?? [];
  expect(Buffer.from(encoded, 'base64').toString('utf8')).toBe('zoë:pä:ss');
});

test('DELETE resolves with nothing for an answer without a body', async () => {
  await using server = await startApiServer((_request, response) => response.writeHead(204).end());
  await expect(createClient({ baseUrl: server.url }).deleteContainer('1')).resolves.toBeUndefined();
  expect(server.requests[0]?.method).toBe('DELETE');
});

test('the same calls go over a Unix socket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'berth-client-'));
  try {
    await using _server = await startApiServer(json(200, { status: 'ok' }), join(folder, 's'));
    const client = createClient({ socketPath: join(folder, 's') });
    await expect(client.healthz()).resolves.toEqual({ status: 'ok' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
