import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HELLO, idOf, startApi, type TestApi } from './api.ts';

let api: TestApi;
let id: string;
beforeAll(async () => {
  api = await startApi();
  id = idOf(await api.call('POST', '/v1/containers', { body: HELLO }));
});
afterAll(() => api[Symbol.asyncDispose]());

const post = (body: string, headers = {}) => api.call('POST', '/v1/containers', { body, headers });

describe('a body that is no JSON object is a 400', () => {
  test.each([
    ['nothing', ''],
    ['spaces', '   '],
    ['a truncated object', '{"name": "hello-world", "image": "ngi'],
    ['two objects', '{}{}'],
    ['a trailing comma', '{"name": "a",}'],
    ['single quotes', "{'name': 'a'}"],
    ['an array', '[]'],
    ['an array of one', '[{"name":"a","image":"a:1"}]'],
    ['a text', '"hello"'],
    ['a number', '7'],
    ['null', 'null'],
    ['true', 'true'],
    ['a hundred thousand brackets', '['.repeat(100_000)],
    ['deep arrays', `{"env":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['deep objects', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
  ])('%s', async (_what, body) => {
    for (const [method, path] of [
      ['POST', '/v1/containers'],
      ['PUT', `/v1/containers/${id}`],
    ] as const) {
      const answer = await api.call(method, path, { body });
      expect(answer).toMatchObject({ status: 400, json: { type: 'urn:berth:problem:invalid' } });
      expect(answer.headers['content-type']).toBe('application/problem+json');
    }
  });

  test('bytes that are no UTF-8', async () => {
    const raw = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const answer = await fetch(`${api.url}/v1/containers`, {
      method: 'POST',
      body: raw,
      headers: { Authorization: `Bearer ${await api.token('me')}`, 'Content-Type': 'application/json' },
    });
    expect(answer.status).toBe(400);
  });

  test('a body that breaks off', async () => {
    const token = await api.token('me');
    const socket = connect(api.port, '127.0.0.1');
    socket.end(
      `POST /v1/containers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"name":',
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('content type', () => {
  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/merge-patch+json',
  ])('%s is read', async (type) => {
    expect(await post(JSON.stringify(HELLO), { 'Content-Type': type })).toMatchObject({ status: 201 });
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/jsonx',
    'text/html',
    '',
  ])('"%s" is a 415', async (type) => {
    const answer = await post(JSON.stringify(HELLO), { 'Content-Type': type });
    expect(answer).toMatchObject({ status: 415, json: { type: 'urn:berth:problem:unsupported-media-type' } });
    const put = await api.call('PUT', `/v1/containers/${id}`, {
      body: '{}',
      headers: { 'Content-Type': type },
    });
    expect(put.status).toBe(415);
  });

  test('none at all is a 415', async () => {
    const answer = await fetch(`${api.url}/v1/containers`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await api.token('me')}` },
    });
    expect(answer.status).toBe(415);
  });

  test.each(['GET', 'DELETE'])('%s may say application/json and send nothing', async (method) => {
    const made = idOf(await post(JSON.stringify(HELLO)));
    const answer = await api.call(method, `/v1/containers/${made}`, {
      headers: { 'Content-Type': 'application/json' },
    });
    expect(answer.status).toBeLessThan(300);
  });
});

describe('a body over 1 MiB is a 413', () => {
  const huge = JSON.stringify({ ...HELLO, env: { A: 'x'.repeat(1024 * 1024) } });

  test('told by its length, before it is sent', async () => {
    const socket = connect(api.port, '127.0.0.1');
    socket.write(
      `POST /v1/containers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${await api.token('me')}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${10 * 1024 ** 3}\r\n\r\n`,
    );
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('urn:berth:problem:too-large');
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  test('just over it', async () => {
    expect(await post(huge)).toMatchObject({ status: 413 });
  });

  test('without a length and without an end, while little of it is held', async () => {
    const token = await api.token('me');
    const socket = connect(api.port, '127.0.0.1');
    socket.write(
      `POST /v1/containers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    let sent = 0;
    const send = () => {
      while (!socket.destroyed && sent < 1024 ** 3) {
        sent += 0x10000;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on('drain', send);
    // The server hangs up on what it no longer reads.
    socket.on('error', () => {});
    send();
    const { promise, resolve } = Promise.withResolvers<string>();
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString();
    });
    socket.on('close', () => resolve(answer));
    expect(await promise).toMatch(/^HTTP\/1\.1 413 /);
    // What the kernel and the server let in before they closed, not what was there to send.
    expect(sent).toBeLessThan(128 * 1024 ** 2);
  });

  test('1 MiB itself is read', async () => {
    const body = JSON.stringify(HELLO).padEnd(1024 * 1024, ' ');
    expect(await post(body)).toMatchObject({ status: 201 });
  });
});

describe('whatever JSON comes', () => {
  const field = fc.constantFrom(
    ...['name', 'image', 'cpu', 'ram', 'gpu', 'ephemeralStorage', 'command', 'arguments', 'env', 'port'],
    ...['desiredGPUs', 'gpuMemory', 'shmSize', 'hostnames', 'healthPath', 'requestTimeout', 'volumes'],
    ...['id', '__proto__', 'x'],
  );
  const body = fc.oneof(
    fc.json({ maxDepth: 6 }),
    fc.dictionary(field, fc.jsonValue({ maxDepth: 3 })).map((value) => JSON.stringify(value)),
    fc
      .dictionary(field, fc.jsonValue({ maxDepth: 2 }))
      .map((value) => JSON.stringify({ ...HELLO, ...value })),
    fc.string(),
  );

  test('the answer is never a 500, and every refusal is a problem', async () => {
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom('POST', 'PUT'), async (text, method) => {
        const answer = await api.call(method, method === 'POST' ? '/v1/containers' : `/v1/containers/${id}`, {
          body: text,
        });
        if (answer.status < 300) return;
        expect([400, 422]).toContain(answer.status);
        expect(answer.headers['content-type']).toBe('application/problem+json');
        expect(answer.json).toMatchObject({
          status: answer.status,
          title: expect.any(String),
          detail: expect.any(String),
        });
      }),
      { numRuns: 300 },
    );
  });
});
