import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HELLO, idOf, itemsOf, startApi, type TestApi } from './api.ts';

let api: TestApi;
let id: string;
let owner: string;
let other: string;
let admin: string;
beforeAll(async () => {
  api = await startApi();
  owner = await api.token('owner', ['USER']);
  other = await api.token('other');
  admin = await api.token('root', ['USER', 'ADMIN']);
  id = idOf(await api.call('POST', '/v1/containers', { token: owner, body: HELLO }));
});
afterAll(() => api[Symbol.asyncDispose]());

describe("another user's container", () => {
  test.each([
    ['GET', ''],
    ['PUT', ''],
    ['DELETE', ''],
    ['GET', '/revisions'],
  ])('%s %s is a 403', async (method, path) => {
    const body = method === 'PUT' ? { cpu: 1 } : undefined;
    expect(await api.call(method, `/v1/containers/${id}${path}`, { token: other, body })).toMatchObject({
      status: 403,
      json: { type: 'urn:berth:problem:forbidden', status: 403 },
    });
    expect(await api.call('GET', `/v1/containers/${id}`, { token: owner })).toMatchObject({
      json: { revision: 1 },
    });
  });

  test('has logs that are not there', async () => {
    expect(await api.call('GET', `/v1/containers/${id}/logs`, { token: other })).toMatchObject({
      status: 404,
    });
  });

  test('is in the ADMIN’s hands as in the owner’s', async () => {
    const own = idOf(await api.call('POST', '/v1/containers', { token: owner, body: HELLO }));
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/revisions'],
      ['PUT', ''],
    ] as const) {
      const body = method === 'PUT' ? { cpu: 1 } : undefined;
      const answer = await api.call(method, `/v1/containers/${own}${path}`, { token: admin, body });
      expect(answer.status).toBe(200);
    }
    // It stays the owner's.
    expect(await api.call('GET', `/v1/containers/${own}`, { token: owner })).toMatchObject({
      json: { createdBy: 'owner', revision: 2 },
    });
    expect(await api.call('DELETE', `/v1/containers/${own}`, { token: admin })).toMatchObject({
      status: 204,
    });
  });
});

describe('the list', () => {
  test("holds only the caller's own, for an ADMIN too", async () => {
    expect(itemsOf(await api.call('GET', '/v1/containers', { token: owner })).map((item) => item.id)).toEqual(
      [id],
    );
    for (const token of [other, admin]) {
      expect(await api.call('GET', '/v1/containers', { token })).toMatchObject({
        json: { items: [], total: 0 },
      });
    }
  });

  test('holds everyone’s for an ADMIN who asks for all', async () => {
    const all = await api.call('GET', '/v1/containers?all=true', { token: admin });
    expect(itemsOf(all).map((item) => item.id)).toContain(id);
    expect(await api.call('GET', '/v1/containers?all=false', { token: admin })).toMatchObject({
      json: { total: 0 },
    });
  });

  test('of all is a 403 for anyone else', async () => {
    expect(await api.call('GET', '/v1/containers?all=true', { token: owner })).toMatchObject({ status: 403 });
  });

  test.each(['all=1', 'all=', 'all=TRUE', 'all=true&all=true'])('%s is a 400', async (query) => {
    expect(await api.call('GET', `/v1/containers?${query}`, { token: admin })).toMatchObject({ status: 400 });
  });
});

describe('an id that is unknown or malformed is a 404', () => {
  test.each([
    '93cfc912-0660-44a7-ae26-e7e23f919659',
    'x',
    '1',
    '%00',
    '..%2f..%2fetc',
    '%ff',
    '93cfc912-0660-44a7-ae26-e7e23f919659%20',
    `${'a'.repeat(2000)}`,
    "'%20OR%201=1--",
  ])('%s', async (unknown) => {
    for (const path of ['', '/revisions', '/logs']) {
      const answer = await api.call('GET', `/v1/containers/${unknown}${path}`, { token: admin });
      expect(answer).toMatchObject({ status: 404, json: { type: 'urn:berth:problem:not-found' } });
    }
    expect(await api.call('DELETE', `/v1/containers/${unknown}`, { token: admin })).toMatchObject({
      status: 404,
    });
    expect(await api.call('PUT', `/v1/containers/${unknown}`, { token: admin, body: {} })).toMatchObject({
      status: 404,
    });
  });
});
