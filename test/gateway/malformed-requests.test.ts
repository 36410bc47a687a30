import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpBackend, httpBackend } from '../support/backends.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, readAll, readUntil, sendRaw } from './client.ts';

const HOST = 'Host: app.localhost\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

const MALFORMED: [name: string, bytes: string][] = [
  ['two Host headers', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`],
  ['no Host header', 'GET / HTTP/1.1\r\n\r\n'],
  ['an empty Host header', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
  ['a Host header that is no host', 'GET / HTTP/1.1\r\nHost: app.localhost/x\r\n\r\n'],
  ['hosts merged into one header', 'GET / HTTP/1.1\r\nHost: app.localhost, other\r\n\r\n'],
  ['an absolute target for another host', `GET http://other.localhost/ HTTP/1.1\r\n${HOST}\r\n`],
  ['an absolute target for another port', `GET http://app.localhost:81/ HTTP/1.1\r\n${HOST}\r\n`],
  ['an absolute target with user information', `GET http://a@app.localhost/ HTTP/1.1\r\n${HOST}\r\n`],
  ['a target of another scheme', `GET ftp://app.localhost/ HTTP/1.1\r\n${HOST}\r\n`],
  ['a target in no form', `GET app HTTP/1.1\r\n${HOST}\r\n`],
  ['* for a method other than OPTIONS', `GET * HTTP/1.1\r\n${HOST}\r\n`],
  [
    'Content-Length beside Transfer-Encoding',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n${CHUNKED}\r\n0\r\n\r\n`,
  ],
  [
    'two Content-Lengths that differ',
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
  ],
  ['a list of Content-Lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 3, 3\r\n\r\nabc`],
  ['a Content-Length with a sign', `POST / HTTP/1.1\r\n${HOST}Content-Length: +3\r\n\r\nabc`],
  ['a negative Content-Length', `POST / HTTP/1.1\r\n${HOST}Content-Length: -3\r\n\r\nabc`],
  ['a Content-Length with an underscore', `POST / HTTP/1.1\r\n${HOST}Content-Length: 1_0\r\n\r\n0123456789`],
  ['a hexadecimal Content-Length', `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x3\r\n\r\nabc`],
  ['an overflowing Content-Length', `POST / HTTP/1.1\r\n${HOST}Content-Length: 99999999999999999999\r\n\r\n`],
  ['another transfer coding', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['a transfer coding that is not chunked', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n`],
  ['chunked twice', `POST / HTTP/1.1\r\n${HOST}${CHUNKED}${CHUNKED}\r\n0\r\n\r\n`],
  ['a look-alike of chunked', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['Transfer-Encoding in HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}${CHUNKED}\r\n0\r\n\r\n`],
  ['space before the colon', `GET / HTTP/1.1\r\n${HOST}X-A : 1\r\n\r\n`],
  ['a folded header', `GET / HTTP/1.1\r\n${HOST}X-A: 1\r\n  2\r\n\r\n`],
  ['space before the first header', `GET / HTTP/1.1\r\n ${HOST}\r\n`],
  ['a header without a colon', `GET / HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`],
  ['a header without a name', `GET / HTTP/1.1\r\n${HOST}: 1\r\n\r\n`],
  ['bare LF after a header', `GET / HTTP/1.1\r\n${HOST}X-A: 1\nX-B: 2\r\n\r\n`],
  ['bare LF throughout', 'GET / HTTP/1.1\nHost: app.localhost\n\n'],
  ['bare CR in a header', `GET / HTTP/1.1\r\n${HOST}X-A: 1\rX-B: 2\r\n\r\n`],
  ['NUL in a header', `GET / HTTP/1.1\r\n${HOST}X-A: a\0b\r\n\r\n`],
  ['NUL in the target', `GET /\0 HTTP/1.1\r\n${HOST}\r\n`],
  ['space in the target', `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
];

const MALFORMED_BODIES: [name: string, body: string][] = [
  ['a chunk size that is no number', 'zz\r\n'],
  ['a chunk size with a sign', '+3\r\nabc\r\n0\r\n\r\n'],
  ['a chunk size with a prefix', '0x3\r\nabc\r\n0\r\n\r\n'],
  ['a chunk longer than it says', '3\r\nabcd\r\n0\r\n\r\n'],
  ['bare LF after a chunk size', '3\nabc\r\n0\r\n\r\n'],
  ['an overflowing chunk size', 'fffffffffffffffff\r\n'],
];

describe('malformed requests', () => {
  let gateway: TestGateway;
  let backend: HttpBackend;
  const reached: (string | undefined)[] = [];

  beforeAll(async () => {
    gateway = await startGateway();
    backend = await httpBackend((request, response) => {
      reached.push(request.url);
      // Never answers before it has the whole body.
      request.resume().once('end', () => response.end('whole'));
    });
    await gateway.route('app.localhost', [backend.port]);
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it.each(MALFORMED)('answers 400 and closes: %s', async (_name, bytes) => {
    const before = reached.length;
    const answer = await sendRaw(gateway.port, Buffer.from(bytes, 'latin1'));
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(reached).toHaveLength(before);
  });

  it.each(MALFORMED_BODIES)('answers 400 and closes: %s', async (_name, body) => {
    const answer = await sendRaw(gateway.port, `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n${body}`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  });

  it('never reads what follows a refused request as another one', async () => {
    const smuggled = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
    const answer = await sendRaw(
      gateway.port,
      `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\n${CHUNKED}\r\n0\r\n\r\n${smuggled}`,
    );
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(reached).not.toContain('/smuggled');
  });

  it('offers no tunnels', async () => {
    const answer = await sendRaw(gateway.port, `CONNECT app.localhost:80 HTTP/1.1\r\n${HOST}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 501 /);
  });

  it('answers 431 to a head over 16 KiB', async () => {
    const answer = await sendRaw(
      gateway.port,
      `GET / HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(17 * 1024)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 .*16 KiB/s);
  });

  it.each([
    ['of many short lines', 'a:\r\n'.repeat(250), 200],
    ['of more than 256 lines', 'a:\r\n'.repeat(256), 431],
    ['of thousands of lines', 'a:\r\n'.repeat(15_000), 431],
    ['that is too large by its line ends alone', `${'a'.repeat(65)}: \r\n`.repeat(240), 431],
  ])('counts each line of a head: %s', async (_what, lines, status) => {
    const answer = await sendRaw(gateway.port, `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n${lines}\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it.each(['0.9', '1.7', '2.0', '3.0'])('answers 505 to HTTP/%s and closes', async (version) => {
    const before = reached.length;
    const answer = await sendRaw(
      gateway.port,
      `GET / HTTP/${version}\r\n${HOST}\r\nGET / HTTP/1.1\r\n${HOST}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 505 .*connection: close/is);
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(reached).toHaveLength(before);
  });

  it('answers 408 to a head that does not come to its end, and serves others meanwhile', async () => {
    const slow = connect(gateway.port, '127.0.0.1');
    const answered = readAll(slow);
    slow.write('GET / HTTP/1.1\r\nHost: app.loc');
    expect((await ask(gateway.port, 'app.localhost')).status).toBe(200);
    expect(await answered).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('closes a connection that never says anything', async () => {
    expect(await readAll(connect(gateway.port, '127.0.0.1'))).toBe('');
  });

  it('answers 408 to a body that stops arriving', async () => {
    await gateway.route('impatient.localhost', [backend.port], { requestTimeoutMs: 300 });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: impatient.localhost\r\nContent-Length: 10\r\n\r\nabc');
    expect(await readUntil(socket, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 408 /);
    socket.destroy();
  });

  /** Sends a body piece by piece until it is sent or answered. */
  async function drip(host: string, piece: string, pieces: number): Promise<string> {
    await gateway.route(host, [backend.port], { requestTimeoutMs: 300 });
    const socket = connect(gateway.port, '127.0.0.1');
    const head = `POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n`;
    socket.write(`${head}Content-Length: ${piece.length * pieces}\r\n\r\n`);
    let sent = 0;
    const dripping = setInterval(() => {
      socket.write(piece);
      sent += 1;
      if (sent === pieces) clearInterval(dripping);
    }, 50);
    const answer = await readUntil(socket, '\r\n\r\n');
    clearInterval(dripping);
    socket.destroy();
    return answer;
  }

  it('answers 408 to a body that comes byte by byte', async () => {
    expect(await drip('dripping.localhost', 'x', 1_000)).toMatch(/^HTTP\/1\.1 408 .*connection: close/is);
  });

  it('takes a body over a slow line for as long as it comes', async () => {
    expect(await drip('slow-line.localhost', 'x'.repeat(1_000), 20)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
