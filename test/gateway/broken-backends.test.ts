import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, closedPort, httpBackend, rawBackend } from '../support/backends.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, begin, readAll, sendRaw } from './client.ts';

describe('a container that fails', () => {
  let gateway: TestGateway;
  const backends: Backend[] = [];

  beforeAll(async () => {
    gateway = await startGateway();
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  });

  /** Routes a host to a backend that does this once a request's head has come. */
  async function misbehave(host: string, act: (socket: Socket) => void): Promise<void> {
    const backend = await rawBackend((socket) => socket.once('data', () => act(socket)));
    backends.push(backend);
    await gateway.route(host, [backend.port]);
  }

  it('answers 502 when it refuses the connection', async () => {
    await gateway.route('refuses.localhost', [await closedPort()]);
    const answer = await ask(gateway.port, 'refuses.localhost');
    expect(answer.status).toBe(502);
    expect(answer.body).not.toMatch(/127\.0\.0\.1|ECONN|\d{4,}/);
  });

  it.each<[what: string, act: (socket: Socket) => void]>([
    ['resets', (socket) => socket.resetAndDestroy()],
    ['closes', (socket) => socket.destroy()],
    [
      'resets within the head',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nX', () => socket.resetAndDestroy()),
    ],
    ['sends garbage', (socket) => socket.end('I am no web server\r\n')],
    [
      'sends two framings',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ],
    [
      'switches protocols unasked',
      (socket) => socket.end('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    ],
    [
      'switches protocols without saying to which',
      (socket) => socket.end('HTTP/1.1 101 Switching\r\nContent-Length: 0\r\n\r\n'),
    ],
    ['sends a status below 100', (socket) => socket.end('HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n')],
    ['sends 100 without end', (socket) => socket.write('HTTP/1.1 100 C\r\n\r\n'.repeat(10_000))],
    ['sends 103 without end', (socket) => socket.write('HTTP/1.1 103 E\r\n\r\n'.repeat(10_000))],
    ['compresses on the way', (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx')],
    [
      'compresses its chunks',
      (socket) =>
        socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'),
    ],
    [
      'sends chunks within chunks',
      (socket) =>
        socket.end(`HTTP/1.1 200 OK\r\n${'Transfer-Encoding: chunked\r\n'.repeat(2)}\r\n1\r\nx\r\n0\r\n\r\n`),
    ],
    [
      'sends chunks in an old version',
      (socket) => socket.end('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'),
    ],
    [
      'sends a reason that no one may repeat',
      (socket) => socket.end('HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n'),
    ],
    ['sends an endless head', (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}\r\n`)],
  ])('answers 502 when it %s', async (what, act) => {
    const host = `${what.replaceAll(' ', '-')}.localhost`;
    await misbehave(host, act);
    expect((await ask(gateway.port, host)).status).toBe(502);
    const posted = await ask(gateway.port, host, { method: 'POST', body: 'text' });
    expect(posted.status).toBe(502);
  });

  it('answers 504 when it does not begin its answer in time, and lets go of it', async () => {
    const backend = await httpBackend(() => undefined);
    backends.push(backend);
    await gateway.route('hangs.localhost', [backend.port], { requestTimeoutMs: 200 });
    expect((await ask(gateway.port, 'hangs.localhost')).status).toBe(504);
    await expect.poll(() => backend.sockets.size).toBe(0);
  });

  it('answers 504 when it only says again and again that it goes on', async () => {
    let sent = 0;
    await misbehave('continues.localhost', (socket) => {
      const again = setInterval(() => {
        sent += 1;
        socket.write('HTTP/1.1 100 C\r\n\r\n');
      }, 40);
      socket.once('close', () => clearInterval(again));
    });
    await gateway.route('continues.localhost', [backends.at(-1)?.port ?? 0], { requestTimeoutMs: 200 });
    const answer = await sendRaw(
      gateway.port,
      'GET / HTTP/1.1\r\nHost: continues.localhost\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 504 /);
    expect(sent).toBeGreaterThan(1);
    await expect.poll(() => backends.at(-1)?.sockets.size).toBe(0);
  });

  it('does not cut an answer that goes on for longer than that', async () => {
    const backend = await httpBackend((_request, response) => {
      response.write('begun, ');
      setTimeout(() => response.end('done'), 400);
    });
    backends.push(backend);
    await gateway.route('long.localhost', [backend.port], { requestTimeoutMs: 200 });
    expect((await ask(gateway.port, 'long.localhost')).body).toBe('begun, done');
  });

  it('answers 504 when it cannot be connected to within ten seconds', async () => {
    // A stopped process whose accept queue is full: the kernel drops what else knocks.
    const code =
      "require('net').createServer().listen(0,'127.0.0.1',1,function(){console.log(this.address().port)})";
    const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(child.stdout, 'data');
    const port = Number(line.toString());
    child.kill('SIGSTOP');
    const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await Promise.race(fillers.map((filler) => once(filler, 'connect')));
    await gateway.route('silent.localhost', [port], { requestTimeoutMs: 50_000 });
    const answers = await Promise.all(Array.from({ length: 3 }, () => ask(gateway.port, 'silent.localhost')));
    expect(answers.map(({ status }) => status)).toContain(504);
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
  });

  const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf';

  it.each<[what: string, bytes: string]>([
    ['a body of known length', HALF],
    ['a body in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('aborts the connection to the client when it truncates %s', async (what, bytes) => {
    const host = `${what.replaceAll(' ', '-')}.localhost`;
    await misbehave(host, (socket) => socket.end(bytes));
    const answer = await begin(gateway.port, host);
    expect(answer.statusCode).toBe(200);
    await expect(answer.toArray()).rejects.toThrow();
  });

  it.each(['HTTP/1.0', 'HTTP/1.1'])('resets a client of %s that reads until the end', async (version) => {
    const host = `until-end-${version.slice(-1)}.localhost`;
    await misbehave(host, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf', () => setTimeout(() => socket.resetAndDestroy(), 50));
    });
    await expect(sendRaw(gateway.port, `GET / ${version}\r\nHost: ${host}\r\n\r\n`)).rejects.toThrow(
      'ECONNRESET',
    );
  });

  it('takes the end of the connection for the end of an answer without a length', async () => {
    await misbehave('closes.localhost', (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'));
    expect((await ask(gateway.port, 'closes.localhost')).body).toBe('all of it');
  });

  it('sends a request again when a pooled connection had died meanwhile, unless it could have had an effect', async () => {
    const seen: string[] = [];
    // Answers the first request on each connection and resets at the second.
    const backend = await rawBackend((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        socket.once('data', (data) => {
          seen.push(data.toString('latin1', 0, 4));
          socket.resetAndDestroy();
        });
      });
    });
    backends.push(backend);
    await gateway.route('stale.localhost', [backend.port]);
    expect((await ask(gateway.port, 'stale.localhost')).status).toBe(200);
    expect((await ask(gateway.port, 'stale.localhost')).status).toBe(200);
    expect(seen).toEqual(['GET ']);
    expect((await ask(gateway.port, 'stale.localhost')).status).toBe(200);
    expect((await ask(gateway.port, 'stale.localhost', { method: 'POST', body: 'x' })).status).toBe(502);
    expect(seen).toEqual(['GET ', 'POST']);
  });

  it('keeps serving others while one hangs', async () => {
    const backend = await httpBackend((request, response) => {
      if (request.url === '/') response.end('fine');
    });
    backends.push(backend);
    await gateway.route('busy.localhost', [backend.port]);
    const hanging = Array.from({ length: 50 }, () => connect(gateway.port, '127.0.0.1'));
    for (const socket of hanging) socket.write('GET /hang HTTP/1.1\r\nHost: busy.localhost\r\n\r\n');
    expect((await ask(gateway.port, 'busy.localhost')).body).toBe('fine');
    const ended = hanging.map((socket) => readAll(socket).catch(() => ''));
    for (const socket of hanging) socket.destroy();
    await Promise.all(ended);
  });
});
