import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldsOf, HELLO, idOf, itemsOf, startApi, type TestApi } from './api.ts';

let api: TestApi;
const ids: string[] = [];
beforeAll(async () => {
  api = await startApi();
  for (let n = 0; n < 12; n += 1)
    ids.unshift(idOf(await api.call('POST', '/v1/containers', { body: HELLO })));
});
afterAll(() => api[Symbol.asyncDispose]());

describe('the list of containers', () => {
  test.each([
    ['', 1, 10, () => ids.slice(0, 10)],
    ['?page=2', 2, 10, () => ids.slice(10)],
    ['?rows=5&page=2', 2, 5, () => ids.slice(5, 10)],
    ['?rows=1000', 1, 1000, () => ids],
    ['?page=9', 9, 10, () => []],
    ['?page=2147483647&rows=1000', 2147483647, 1000, () => []],
    ['?colour=blue&page=2', 2, 10, () => ids.slice(10)],
  ])('%s', async (query, page, rowsPerPage, expected) => {
    const answer = await api.call('GET', `/v1/containers${query}`);
    expect(answer).toMatchObject({ status: 200, json: { total: 12, page, rowsPerPage } });
    expect(itemsOf(answer).map((item) => item.id)).toEqual(expected());
  });
});

test('revisions are paged, highest number first', async () => {
  const id = ids[0] ?? '';
  for (let n = 0; n < 11; n += 1) await api.call('PUT', `/v1/containers/${id}`, { body: {} });
  const answer = await api.call('GET', `/v1/containers/${id}/revisions?page=2`);
  expect(answer.json).toMatchObject({ total: 12, page: 2, rowsPerPage: 10 });
  expect(itemsOf(answer).map(({ revisionNumber }) => revisionNumber)).toEqual([2, 1]);
});

test('gpu-models are paged, a hundred a page by default', async () => {
  const answer = await api.call('GET', '/v1/gpu-models?rows=2&page=2');
  expect(answer.json).toMatchObject({ page: 2, rowsPerPage: 2 });
  expect(itemsOf(answer).map(({ code }) => code)).toEqual(['a40', 'a16']);
  const all = itemsOf(await api.call('GET', '/v1/gpu-models?rows=1000'));
  const pages = Array.from({ length: Math.ceil(all.length / 100) }, (_, n) =>
    api.call('GET', `/v1/gpu-models?page=${n + 1}`),
  );
  expect((await Promise.all(pages)).flatMap(itemsOf)).toEqual(all);
});

describe('out of range or not a number is a 400 that names the parameter', () => {
  test.each([
    ['page=0', 'page'],
    ['page=-1', 'page'],
    ['page=', 'page'],
    ['page=one', 'page'],
    ['page=1.5', 'page'],
    ['page=1e1', 'page'],
    ['page=0x1', 'page'],
    ['page=%201', 'page'],
    ['page=2147483648', 'page'],
    ['page=99999999999999999999', 'page'],
    ['page=1&page=2', 'page'],
    ['rows=0', 'rows'],
    ['rows=1001', 'rows'],
    ['rows=-5', 'rows'],
    ['rows=all', 'rows'],
    ['rows=10&rows=10', 'rows'],
  ])('%s', async (query, field) => {
    for (const path of [
      '/v1/containers',
      `/v1/containers/${ids[0]}/revisions`,
      '/v1/gpu-models',
      '/v1/gpus',
    ]) {
      const answer = await api.call('GET', `${path}?${query}`);
      expect(answer).toMatchObject({ status: 400, json: { type: 'urn:berth:problem:invalid' } });
      expect(fieldsOf(answer)).toEqual([field]);
    }
  });
});
