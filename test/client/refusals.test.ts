import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { ApiProblem, readProblem } from '../../src/client/problem.ts';
import { json, startApiServer } from './api-server.ts';

const PROBLEM = 'application/problem+json';

test('a problem becomes an ApiProblem with its status, title, detail and fields', async () => {
  const errors = [{ path: 'image', message: 'must carry a tag' }];
  const body = {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'image: must carry a tag',
    errors,
  };
  await using server = await startApiServer(json(400, body, PROBLEM));
  const refused = createClient({ baseUrl: server.url }).createContainer({ name: 'a', image: 'nginx' });
  await expect(refused).rejects.toThrow(ApiProblem);
  await expect(refused).rejects.toMatchObject({
    status: 400,
    title: 'Bad Request',
    detail: 'image: must carry a tag',
    errors,
    message: 'image: must carry a tag',
  });
});

test("another server's error page is told by its status, not by its content", async () => {
  await using server = await startApiServer((_request, response) => {
    response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>nginx</h1>');
  });
  await expect(createClient({ baseUrl: server.url }).healthz()).rejects.toMatchObject({
    status: 502,
    title: 'Bad Gateway',
    detail: null,
    errors: [],
  });
});

test('any text at all is read as a problem without an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      const problem = readProblem(500, '', PROBLEM, body);
      expect(problem.status).toBe(500);
      expect(problem.message).not.toBe('');
    }),
  );
});

test('a port where nothing listens is Unreachable, with the reason', async () => {
  const { url } = await closedServer();
  await expect(createClient({ baseUrl: url }).healthz()).rejects.toMatchObject({
    name: 'Unreachable',
    code: 'ECONNREFUSED',
  });
});

test('a port that fetch never asks is Unreachable, with the reason', async () => {
  await expect(createClient({ baseUrl: 'http://127.0.0.1:1' }).healthz()).rejects.toMatchObject({
    name: 'Unreachable',
    message: 'bad port',
  });
});

test('a socket that is not there is Unreachable, with the reason', async () => {
  const client = createClient({ socketPath: '/nowhere/berth.sock' });
  await expect(client.healthz()).rejects.toMatchObject({ name: 'Unreachable', code: 'ENOENT' });
});

test('an answer that does not come in time is Unreachable', async () => {
  await using server = await startApiServer(() => {});
  const client = createClient({ baseUrl: server.url, deadlineMs: 100 });
  await expect(client.healthz()).rejects.toMatchObject({ name: 'Unreachable', code: 'ETIMEDOUT' });
});

test('an answer that begins and does not end in time is Unreachable', async () => {
  await using server = await startApiServer((_request, response) => response.write('{'));
  const client = createClient({ baseUrl: server.url, deadlineMs: 200 });
  await expect(client.healthz()).rejects.toMatchObject({ name: 'Unreachable', code: 'ETIMEDOUT' });
});

test("the caller's abort rejects with the caller's reason", async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  await using server = await startApiServer(() => abort.abort(reason));
  const asked = createClient({ baseUrl: server.url }).healthz({ signal: abort.signal });
  await expect(asked).rejects.toBe(reason);
});

async function closedServer(): Promise<{ url: string }> {
  await using server = await startApiServer(() => {});
  return { url: server.url };
}
