import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, rawBackend } from '../support/backends.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { readUntil, sendRaw } from './client.ts';

/** Every byte beyond ASCII, and one name in UTF-8. */
const BYTES = `${String.fromCharCode(...Array.from({ length: 128 }, (_, index) => 128 + index))}; f="\xc3\xa9.txt"`;
const NAMED = `Content-Disposition: ${BYTES}`;
const CHUNKED = 'Transfer-Encoding: chunked';

/** Headers are bytes (RFC 9110, 5.5): what they mean is between the client and the container. */
describe('bytes beyond ASCII in a head', () => {
  let gateway: TestGateway;
  const backends: Backend[] = [];

  beforeAll(async () => {
    gateway = await startGateway();
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  });

  /** Sends a request to a container that gives this answer. Resolves with what each got of the other. */
  async function exchange(request: string, answer: string, last = '\r\n\r\n') {
    const heard = Promise.withResolvers<string>();
    const backend = await rawBackend((socket) => {
      void readUntil(socket, last).then((head) => {
        heard.resolve(head);
        socket.end(answer, 'latin1');
      });
    });
    backends.push(backend);
    await gateway.route('bytes.localhost', [backend.port]);
    const answered = await sendRaw(gateway.port, Buffer.from(request, 'latin1'));
    return { answered, heard: await heard.promise };
  }

  const HOST = 'Host: bytes.localhost\r\nConnection: close';

  it.each([
    ['of known length', 'GET', '1.1', `200 ${BYTES}`, 'Content-Length: 2\r\n\r\nok'],
    ['in chunks', 'GET', '1.1', `200 ${BYTES}`, `${CHUNKED}\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ['until the end', 'GET', '1.1', `200 ${BYTES}`, 'X-A: b\r\n\r\nok'],
    ['to HTTP/1.0', 'GET', '1.0', `200 ${BYTES}`, `${CHUNKED}\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ['without one', 'GET', '1.1', `200 ${BYTES}`, 'Content-Length: 0\r\n\r\n'],
    ['to HEAD', 'HEAD', '1.1', `200 ${BYTES}`, 'Content-Length: 2\r\n\r\n'],
    ['of 204', 'GET', '1.1', `204 ${BYTES}`, '\r\n'],
    ['of 304', 'GET', '1.1', `304 ${BYTES}`, '\r\n'],
  ])('come to the client as they are, with a body %s', async (_what, method, version, status, rest) => {
    const { answered } = await exchange(
      `${method} / HTTP/${version}\r\n${HOST}\r\n\r\n`,
      `HTTP/1.1 ${status}\r\n${NAMED}\r\n${rest}`,
    );
    expect(answered.startsWith(`HTTP/1.1 ${status}\r\n${NAMED}\r\n`)).toBe(true);
  });

  it('come to the client as they are where it is refused an upgrade', async () => {
    const { answered } = await exchange(
      'GET / HTTP/1.1\r\nHost: bytes.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n',
      `HTTP/1.1 403 ${BYTES}\r\n${NAMED}\r\nContent-Length: 2\r\n\r\nno`,
    );
    expect(answered.startsWith(`HTTP/1.1 403 ${BYTES}\r\n${NAMED}\r\n`)).toBe(true);
  });

  it('come to the client as they are where it gets an upgrade', async () => {
    const backend = await rawBackend((socket) => {
      socket.once('data', () =>
        socket.write(
          `HTTP/1.1 101 ${BYTES}\r\nConnection: Upgrade\r\nUpgrade: raw\r\n${NAMED}\r\n\r\n`,
          'latin1',
        ),
      );
    });
    backends.push(backend);
    await gateway.route('bytes.localhost', [backend.port]);
    const client = connect(gateway.port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: bytes.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
    const head = await readUntil(client, '\r\n\r\n');
    expect(head.startsWith(`HTTP/1.1 101 ${BYTES}\r\n${NAMED}\r\n`)).toBe(true);
    client.destroy();
  });

  it('come to the client as they are in trailers', async () => {
    const { answered } = await exchange(
      `GET / HTTP/1.1\r\n${HOST}\r\n\r\n`,
      `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n2\r\nok\r\n0\r\nX-Sum: ${BYTES}\r\n\r\n`,
    );
    expect(answered).toContain(`\r\n0\r\nX-Sum: ${BYTES}\r\n`);
  });

  it.each([
    ['without a body', 'GET', '', '\r\n\r\n'],
    ['with a body', 'POST', 'Content-Length: 4\r\n', 'last'],
    ['with a body in chunks', 'POST', `${CHUNKED}\r\n`, '4\r\nlast\r\n0\r\n\r\n'],
    ['with an upgrade', 'GET', 'Upgrade: raw\r\n', '\r\n\r\n'],
  ])('come to the container as they are, %s', async (_what, method, framing, body) => {
    const connection = framing.startsWith('Upgrade') ? 'upgrade' : 'close';
    const end = body === '\r\n\r\n' ? '' : body;
    const { heard } = await exchange(
      `${method} / HTTP/1.1\r\nHost: bytes.localhost\r\nConnection: ${connection}\r\nCookie: ${BYTES}\r\n${framing}\r\n${end}`,
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      body,
    );
    expect(heard).toContain(`\r\nCookie: ${BYTES}\r\n`);
  });
});

describe('an answer of 204', () => {
  it('never says that it has a length', async () => {
    await using gateway = await startGateway();
    await using backend = await rawBackend((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 204 No\r\nContent-Length: 5\r\nX-A: b\r\n\r\n'));
    });
    await gateway.route('empty.localhost', [backend.port]);
    const answer = await sendRaw(
      gateway.port,
      'GET / HTTP/1.1\r\nHost: empty.localhost\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 204 No\r\nX-A: b\r\n/);
    expect(answer).not.toMatch(/content-length/i);
  });
});
