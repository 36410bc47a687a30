import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Answer, HELLO, idOf, startApi, type TestApi } from './api.ts';

let api: TestApi;
let id: string;
beforeAll(async () => {
  api = await startApi();
  id = idOf(await api.call('POST', '/v1/containers', { body: HELLO }));
});
afterAll(() => api[Symbol.asyncDispose]());

/** Sends these bytes and reads until the server closes. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(api.port, '127.0.0.1');
  socket.write(bytes);
  return await text(socket);
}

describe('the Host header', () => {
  const get = (host: string, path = '/healthz') =>
    raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

  test.each([
    ...[
      'localhost',
      'localhost:7070',
      'LOCALHOST',
      'a.localhost',
      '127.0.0.1:7070',
      '10.0.0.8',
      '[::1]:7070',
      '[::1]',
    ],
    ...['berth.example.com', 'Berth.Example.com:443', 'localhost.'],
  ])('%s is answered', async (host) => {
    expect(await get(host)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    ...[
      'evil.example',
      'evil.example:7070',
      'localhost.evil.example',
      'berth.example.com.evil.example',
      'notlocalhost',
    ],
    ...['127.0.0.1.evil.example', 'xn--a.example'],
  ])('%s is a 421, also with a good token: its name was made to point here (DNS rebinding)', async (host) => {
    const answer = await get(host);
    expect(answer).toMatch(/^HTTP\/1\.1 421 /);
    expect(answer).toContain('application/problem+json');
    const token = await api.token('me');
    const headers = { Host: host };
    expect(await api.call('GET', '/v1/containers', { token, headers })).toMatchObject({ status: 421 });
  });

  test('of an absolute target counts too', async () => {
    const absolute = (target: string) =>
      raw(`GET http://${target}/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(await absolute('localhost')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await absolute('evil.example')).toMatch(/^HTTP\/1\.1 421 /);
  });

  test.each(['', 'a b', 'localhost/x', 'user@localhost', 'localhost:port', '[::1', 'a,b'])(
    '"%s" is refused',
    async (host) => {
      expect(await get(host)).toMatch(/^HTTP\/1\.1 (400|421) /);
    },
  );

  test('does not matter on the Unix socket', async () => {
    expect(await api.callLocal('GET', '/healthz', { headers: { Host: 'whatever' } })).toMatchObject({
      status: 200,
    });
  });
});

describe('methods and paths', () => {
  test.each([
    ['PATCH', '/v1/containers', 'OPTIONS, GET, HEAD, POST'],
    ['DELETE', '/v1/containers', 'OPTIONS, GET, HEAD, POST'],
    ['POST', '/v1/gpu-models', 'OPTIONS, GET, HEAD'],
    ['POST', '/healthz', 'OPTIONS, GET, HEAD'],
    ['GET', '/v1/tokens', 'OPTIONS, POST'],
    ['TRACE', '/v1/containers', 'OPTIONS, GET, HEAD, POST'],
    ['PROPFIND', '/v1/containers', 'OPTIONS, GET, HEAD, POST'],
  ])('%s %s is a 405 with Allow', async (method, path, allow) => {
    const answer = await api.call(method, path);
    expect(answer).toMatchObject({ status: 405, json: { type: 'urn:berth:problem:method-not-allowed' } });
    expect(answer.headers.allow).toBe(allow);
  });

  test('POST to a container is a 405 with what it takes', async () => {
    const answer = await api.call('POST', `/v1/containers/${id}`, { body: {} });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow?.split(', ').toSorted()).toEqual(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT']);
  });

  test.each([
    '/',
    '/v1',
    '/v1/',
    '/v2/containers',
    '/v1/containers/',
    '/v1/container',
    '/v1/containers/a/b/c',
    '/metrics/gpus',
  ])('%s is a 404', async (path) => {
    const answer = await api.call('GET', path);
    expect(answer).toMatchObject({ status: 404, json: { type: 'urn:berth:problem:not-found' } });
  });

  test('HEAD is GET without the body', async () => {
    for (const path of [
      '/v1/containers',
      `/v1/containers/${id}`,
      '/healthz',
      '/docs',
      '/docs/swagger-ui-bundle.js',
    ]) {
      const answer = await api.call('HEAD', path);
      expect(answer).toMatchObject({ status: 200, text: '' });
    }
    expect(await api.call('HEAD', '/v1/containers', { token: null })).toMatchObject({
      status: 401,
      text: '',
    });
  });

  test('OPTIONS tells the methods, and no other site that it may ask', async () => {
    const headers = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' };
    const answer = await api.call('OPTIONS', '/v1/containers', { headers });
    expect(answer.status).toBe(204);
    expect(answer.headers.allow).toBe('OPTIONS, GET, HEAD, POST');
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('every answer', () => {
  const everything: readonly (readonly [string, string])[] = [
    ['GET', '/v1/containers'],
    ['GET', '/v1/unknown'],
    ['PATCH', '/v1/containers'],
    ['GET', '/healthz'],
    ['GET', '/docs'],
    ['GET', '/openapi.json'],
  ];

  test.each(everything)('%s %s is closed to other sites and to guessing', async (method, path) => {
    const { headers } = await api.call(method, path, { headers: { Origin: 'https://evil.example' } });
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('bytes that are no request', () => {
  test.each([
    ['GARBAGE\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\n\r\n', 400],
    ['GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n', 421],
    [
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    [`GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%j', async (bytes, status) => {
    const answer = await raw(bytes.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
  });
});

test.each(['localhost:443', 'evil.example:80'])('CONNECT %s is a 501: the API is no proxy', async (to) => {
  const answer = await raw(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n\r\nand more bytes`);
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 501 Not Implemented\r\n/);
  expect(head).toContain('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ status: 501, detail: expect.stringContaining('CONNECT') });
  expect(await api.call('GET', '/healthz')).toMatchObject({ status: 200 });
});

describe('what needs no token', () => {
  const open = (path: string): Promise<Answer> => api.call('GET', path, { token: null });

  test('GET /healthz', async () => {
    expect(await open('/healthz')).toMatchObject({ status: 200, json: { status: 'ok' } });
  });

  test('GET /docs shows the document from our own files, and runs no script of the page', async () => {
    const page = await open('/docs');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    expect(page.text).not.toMatch(/https?:|<script>|<style|\son\w+=/);
    for (const [, path = ''] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect(await open(path)).toMatchObject({ status: 200, text: expect.stringMatching(/./) });
    }
  });

  test('GET /openapi.json names every documented path, method and status', async () => {
    const Document = z.object({
      openapi: z.literal('3.1.0'),
      paths: z.record(
        z.string(),
        z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) })),
      ),
    });
    const { paths } = Document.parse((await open('/openapi.json')).json);
    const documented = {
      'get /v1/containers': [200, 401, 500],
      'get /v1/containers/{id}': [200, 401, 403, 404, 500],
      'post /v1/containers': [201, 401, 500],
      'delete /v1/containers/{id}': [204, 401, 403, 404, 500],
      'put /v1/containers/{id}': [200, 401, 403, 404, 500],
      'get /v1/containers/{id}/revisions': [200, 401, 403, 404, 500],
      'get /v1/containers/{id}/logs': [200, 401, 404, 500],
      'get /v1/gpu-models': [200, 401, 500],
    };
    for (const [operation, statuses] of Object.entries(documented)) {
      const [method = '', path = ''] = operation.split(' ');
      const told = Object.keys(paths[path]?.[method]?.responses ?? {}).map(Number);
      expect(statuses.filter((status) => !told.includes(status))).toEqual([]);
    }
  });
});
