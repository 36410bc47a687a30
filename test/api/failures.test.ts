import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { HELLO, idOf, itemsOf, startApi, type TestApi } from './api.ts';

let api: TestApi;
let id: string;
beforeAll(async () => {
  api = await startApi();
  id = idOf(await api.call('POST', '/v1/containers', { body: HELLO }));
});
afterAll(() => api[Symbol.asyncDispose]());

test('a full disk is a 503 that says so, no false 201, and nothing half done; with room again it goes on', async () => {
  // SQLite's own limit fails as a full disk does: SQLITE_FULL.
  await sql`PRAGMA max_page_count = 1`.execute(api.db);
  const before = itemsOf(await api.call('GET', '/v1/containers'));
  const body = { ...HELLO, env: { SECRET: 'hunter2'.repeat(10_000) } };
  const kicks = api.kicked.length;
  for (const [method, path] of [
    ['POST', '/v1/containers'],
    ['PUT', `/v1/containers/${id}`],
  ] as const) {
    const answer = await api.call(method, path, { body });
    expect(answer).toMatchObject({
      status: 503,
      json: { type: 'urn:berth:problem:unavailable', detail: expect.stringContaining('disk is full') },
    });
    expect(answer.headers['retry-after']).toMatch(/^[0-9]+$/);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json).toHaveProperty('requestId', answer.headers['x-request-id']);
    expect(answer.text).not.toMatch(/sqlite|node_modules|\/src\/|\/tmp|hunter2/i);
    const logged = api.logged.find(
      (line) => line.includes(String(answer.headers['x-request-id'])) && line.includes('"err"'),
    );
    expect(logged).toContain('SQLITE_FULL');
  }
  expect(api.logged.join('')).not.toContain('hunter2');
  expect(api.kicked).toHaveLength(kicks);
  expect(itemsOf(await api.call('GET', '/v1/containers'))).toEqual(before);
  await sql`PRAGMA max_page_count = 100000`.execute(api.db);
  expect(await api.call('POST', '/v1/containers', { body })).toMatchObject({ status: 201 });
});

test('a database that may only be read is a 503 that says so, and is read all the same', async () => {
  await sql`PRAGMA query_only = 1`.execute(api.db);
  for (const [method, path, body] of [
    ['POST', '/v1/containers', HELLO],
    ['PUT', `/v1/containers/${id}`, {}],
    ['DELETE', `/v1/containers/${id}`, undefined],
    ['POST', '/v1/users', { name: 'ann', password: 'correct horse' }],
  ] as const) {
    const answer = await api.call(method, path, { body });
    expect(answer).toMatchObject({
      status: 503,
      json: { type: 'urn:berth:problem:unavailable', detail: expect.stringContaining('read-only') },
    });
  }
  expect(await api.call('GET', `/v1/containers/${id}`)).toMatchObject({ status: 200 });
  await sql`PRAGMA query_only = 0`.execute(api.db);
  expect(await api.call('PUT', `/v1/containers/${id}`, { body: {} })).toMatchObject({ status: 200 });
});

test('a spec in the database that other hands changed is a 500 for its own container only', async () => {
  const broken = idOf(
    await api.call('POST', '/v1/containers', { token: await api.token('unlucky'), body: HELLO }),
  );
  await api.db
    .updateTable('revisions')
    .set({ spec: '{"name":7}' })
    .where('container_id', '=', broken)
    .execute();
  const answer = await api.call('GET', `/v1/containers/${broken}`);
  expect(answer).toMatchObject({ status: 500 });
  expect(answer.text).not.toContain('zod');
  expect(await api.call('GET', `/v1/containers/${id}`)).toMatchObject({ status: 200 });
});

test('the document tells of a 503 wherever something is written', async () => {
  const { text } = await api.call('GET', '/openapi.json', { token: null });
  const Document = z.object({
    paths: z.record(
      z.string(),
      z.record(z.string(), z.object({ responses: z.record(z.string(), z.json()) })),
    ),
  });
  for (const operations of Object.values(Document.parse(JSON.parse(text)).paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      if (method !== 'get')
        expect(responses['503']).toHaveProperty('description', expect.stringContaining('disk'));
    }
  }
});
