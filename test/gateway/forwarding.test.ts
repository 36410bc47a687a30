import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestListener, request } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, type HttpBackend, httpBackend, rawBackend } from '../support/backends.ts';
import { soon, startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, begin, readAll, readUntil, sendRaw } from './client.ts';

const MIB = 1024 * 1024;

describe('forwarding', () => {
  let gateway: TestGateway;
  const backends: Backend[] = [];

  beforeAll(async () => {
    gateway = await startGateway();
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  });

  async function serve(host: string, listener: RequestListener): Promise<HttpBackend> {
    const backend = await httpBackend(listener);
    backends.push(backend);
    await gateway.route(host, [backend.port]);
    return backend;
  }

  /** A container that answers with the head of the request, line by line as it came. */
  async function echo(host: string): Promise<void> {
    await serve(host, (incoming, response) => {
      incoming.resume();
      response.end(
        JSON.stringify({ method: incoming.method, url: incoming.url, headers: incoming.rawHeaders }),
      );
    });
  }

  function pairs(flat: readonly string[]): string[] {
    return flat.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${flat[index + 1]}`] : []));
  }

  describe('request headers', () => {
    beforeAll(() => echo('echo.localhost'));

    async function echoed(headers: string, target = '/'): Promise<string[]> {
      const answer = await sendRaw(
        gateway.port,
        `GET ${target} HTTP/1.1\r\nHost: Echo.Localhost:81\r\n${headers}Connection: close\r\n\r\n`,
      );
      return pairs(JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)).headers);
    }

    it('keep their order, case and repetitions, and Host as it was sent', async () => {
      const headers = await echoed(
        'X-b: 1\r\nx-A: 2\r\nX-b: 3\r\nCookie: a=1\r\nCookie: b=2\r\nX-Latin: caf\xe9\r\n',
      );
      expect(headers.slice(0, 7)).toEqual([
        'Host: Echo.Localhost:81',
        'X-b: 1',
        'x-A: 2',
        'X-b: 3',
        'Cookie: a=1',
        'Cookie: b=2',
        expect.stringMatching(/^X-Latin: caf/),
      ]);
    });

    it('say who asked, whatever the client claimed', async () => {
      const claimed = [
        'X-Forwarded-For: 1.2.3.4',
        'x-forwarded-proto: https',
        'X-Forwarded-Host: evil',
        'X-Forwarded-Port: 1',
        'Forwarded: for=1.2.3.4',
        'X-Forwarded: for=1.2.3.4',
        'X-Forwarded-Prefix: /evil',
        'X-FORWARDED-Ssl: on',
        'X-Forwarded-User: root',
        'X_Forwarded_For: 1.2.3.4',
        'x-forwarded_proto: https',
        'X_FORWARDED-Host: evil',
      ];
      const headers = await echoed(`${claimed.join('\r\n')}\r\n`);
      expect(headers.filter((line) => /forwarded/i.test(line))).toEqual([
        'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-Proto: http',
        'X-Forwarded-Host: Echo.Localhost:81',
        `X-Forwarded-Port: ${gateway.port}`,
      ]);
    });

    it('lose what a container could take for a word of the gateway, of the framing, or of its own settings', async () => {
      const claimed = [
        'X-Real-IP: 1.2.3.4',
        'x_real_ip: 1.2.3.4',
        'Proxy: http://evil/',
        'Transfer_Encoding: chunked',
        'Content_Length: 5',
        'HOST_: kept',
        'My_Header: kept',
      ];
      const headers = await echoed(`${claimed.join('\r\n')}\r\n`);
      expect(headers.filter((line) => /^(x.real|proxy|.*_)/i.test(line))).toEqual([
        'HOST_: kept',
        'My_Header: kept',
      ]);
    });

    it('lose what concerns one connection only, and what Connection names', async () => {
      const dropped = [
        'Keep-Alive: timeout=5',
        'TE: trailers',
        'Proxy-Connection: x',
        'Proxy-Authorization: x',
        'Upgrade: h2c',
        'X-Hop: 1',
        'X-Other: 2',
      ];
      const headers = await echoed(`${dropped.join('\r\n')}\r\nConnection: x-hop, X-OTHER, upgrade\r\n`);
      expect(headers.join('\n')).not.toMatch(/^(te|keep-alive|proxy-.*|upgrade|x-hop|x-other):/im);
    });

    it('keep Host and the framing even when Connection names them', async () => {
      const answer = await sendRaw(
        gateway.port,
        'POST / HTTP/1.1\r\nHost: echo.localhost\r\nContent-Length: 3\r\nConnection: close, host, content-length\r\n\r\nabc',
      );
      expect(answer).toContain('"Content-Length","3"');
      expect(answer).toContain('"Host","echo.localhost"');
    });

    it('leave the target as it is', async () => {
      const target = '/a%2Fb/../c?d=%20&e=[]#f';
      const answer = await sendRaw(
        gateway.port,
        `GET ${target} HTTP/1.1\r\nHost: echo.localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toContain(JSON.stringify(target));
    });

    it('name the host that a client of HTTP/1.0 names in its target alone', async () => {
      const answer = await sendRaw(gateway.port, 'GET http://Echo.localhost:80/x HTTP/1.0\r\n\r\n');
      expect(answer).toContain('"/x"');
      expect(answer).toContain('"Host","Echo.localhost:80"');
      expect(answer).toContain('"X-Forwarded-Host","Echo.localhost:80"');
    });

    it('say that a POST without a body has none', async () => {
      const answer = await sendRaw(
        gateway.port,
        'POST / HTTP/1.1\r\nHost: echo.localhost\r\nConnection: close\r\n\r\n',
      );
      expect(answer).toContain('"Content-Length","0"');
      expect(answer).not.toContain('Transfer-Encoding","chunked');
    });
  });

  describe('answers', () => {
    it('keep their headers, each Set-Cookie among them, and lose those of the connection', async () => {
      const backend = await rawBackend((socket) => {
        socket.once('data', () => {
          const lines = [
            'HTTP/1.1 207 Many Things',
            'sEt-CooKie: a=1; Path=/',
            'Set-Cookie: b=2',
            'X-Hop: 1',
            'Keep-Alive: timeout=1',
            'Connection: x-hop',
            'Upgrade: h2c',
            'Content-Length: 0',
          ];
          socket.write(`${lines.join('\r\n')}\r\n\r\n`);
        });
      });
      backends.push(backend);
      await gateway.route('cookies.localhost', [backend.port]);
      const answer = await sendRaw(
        gateway.port,
        'GET / HTTP/1.1\r\nHost: cookies.localhost\r\nConnection: close\r\n\r\n',
      );
      expect(answer).toMatch(
        /^HTTP\/1\.1 207 Many Things\r\nsEt-CooKie: a=1; Path=\/\r\nSet-Cookie: b=2\r\n/,
      );
      expect(answer).not.toMatch(/x-hop|timeout=1|h2c/i);
    });

    it.each([
      ['HEAD', 200, { 'content-length': '1234' }],
      ['GET', 204, {}],
      ['GET', 304, { 'content-length': '1234', etag: '"x"' }],
    ])(
      'to %s with %i have no body, and the next one on the connection is right',
      async (method, status, headers) => {
        const host = `bodiless-${method}-${status}.localhost`.toLowerCase();
        await serve(host, (incoming, response) => {
          if (incoming.url === '/next') response.end('next');
          else response.writeHead(status, headers).end();
        });
        const both = await sendRaw(
          gateway.port,
          `${method} / HTTP/1.1\r\nHost: ${host}\r\n\r\nGET /next HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        );
        const [first = '', second = ''] = both.split(/(?<=\r\n\r\n)(?=HTTP)/);
        expect(first).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*\\r\\n\\r\\n$`, 's'));
        for (const [name, value] of Object.entries(headers))
          expect(first.toLowerCase()).toContain(`${name}: ${value}`);
        expect(first).not.toMatch(/transfer-encoding/i);
        expect(second).toMatch(/\r\n\r\n(4\r\n)?next/);
      },
    );

    it('carry trailers', async () => {
      await serve('trailers.localhost', (incoming, response) => {
        incoming.resume().once('end', () => {
          response.writeHead(200, { Trailer: 'X-Sum' });
          response.write(JSON.stringify(incoming.trailers));
          response.addTrailers({ 'X-Sum': '42' });
          response.end();
        });
      });
      const asked = request({
        port: gateway.port,
        method: 'POST',
        headers: { host: 'trailers.localhost', trailer: 'X-Asked' },
      });
      asked.write('body');
      asked.addTrailers({ 'X-Asked': '7', 'X-Forwarded-For': '1.2.3.4', Transfer_Encoding: 'chunked' });
      asked.end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      expect(Buffer.concat(await answer.toArray()).toString()).toBe('{"x-asked":"7"}');
      expect(answer.trailers).toEqual({ 'x-sum': '42' });
    });

    it('announce trailers only where there can be some', async () => {
      await serve('untrue.localhost', (_incoming, response) => {
        response.socket?.end('HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\nok');
      });
      expect(await ask(gateway.port, 'untrue.localhost')).toMatchObject({ status: 200, body: 'ok' });
    });

    it('come to an HTTP/1.0 client without chunks, and end with the connection', async () => {
      await serve('old.localhost', (_incoming, response) => {
        response.write('a');
        response.end('b');
      });
      const answer = await sendRaw(gateway.port, 'GET / HTTP/1.0\r\nHost: old.localhost\r\n\r\n');
      expect(answer).toMatch(/\r\n\r\nab$/);
    });
  });

  it('lets a client wait for 100 Continue', async () => {
    await serve('expect.localhost', (incoming, response) => incoming.pipe(response));
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(
      'PUT / HTTP/1.1\r\nHost: expect.localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
    );
    expect(await readUntil(socket, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 100 /);
    socket.write('body');
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 .*body/s);
  });

  it.each([
    ['tells a client that expects it of 100 once', 'HTTP/1.1', 'Expect: 100-continue\r\n', 1],
    ['spares a client that did not ask for it 100', 'HTTP/1.1', '', 0],
    ['spares an HTTP/1.0 client 100', 'HTTP/1.0', 'Expect: 100-continue\r\n', 0],
  ])('%s', async (_what, version, expectation, times) => {
    const backend = await rawBackend((socket) => {
      socket.once('data', () =>
        socket.write(`${'HTTP/1.1 100 C\r\n\r\n'.repeat(3)}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone`),
      );
    });
    backends.push(backend);
    await gateway.route('interim.localhost', [backend.port]);
    const answer = await sendRaw(
      gateway.port,
      `POST / ${version}\r\nHost: interim.localhost\r\n${expectation}Content-Length: 1\r\nConnection: close\r\n\r\nx`,
    );
    expect(answer.match(/HTTP\/1\.1 100 /g) ?? []).toHaveLength(times);
    expect(answer).toMatch(/HTTP\/1\.1 200 OK\r\n.*done$/s);
  });

  it('closes the connection when a client that waits for 100 gets another answer', async () => {
    const backend = await serve('no.localhost', () => undefined);
    backend.server.on('checkContinue', (_incoming, response) => response.writeHead(413).end());
    const answer = await sendRaw(
      gateway.port,
      'PUT / HTTP/1.1\r\nHost: no.localhost\r\nContent-Length: 99\r\nExpect: 100-continue\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 .*connection: close/is);
  });

  it('passes on what was refused before the whole body came', async () => {
    await serve('early.localhost', (_incoming, response) => response.writeHead(403).end('no'));
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: early.localhost\r\nContent-Length: 1000000\r\n\r\nbegin');
    expect(await readUntil(socket, 'no')).toMatch(/^HTTP\/1\.1 403 /);
    socket.destroy();
  });

  it('streams a body of any size unchanged', async () => {
    await serve('large.localhost', (incoming, response) => incoming.pipe(response));
    const chunk = Buffer.alloc(MIB, 'x');
    const sent = request({ port: gateway.port, method: 'POST', headers: { host: 'large.localhost' } });
    Readable.from(Array.from({ length: 64 }, () => chunk)).pipe(sent);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    let received = 0;
    for await (const part of answer) received += part.length;
    expect(received).toBe(64 * MIB);
  });

  it('holds the container back when the client reads slowly', async () => {
    let written = 0;
    let stopped = false;
    await serve('fast.localhost', (_incoming, response) => {
      const chunk = Buffer.alloc(256 * 1024);
      const more = (): void => {
        while (!stopped && response.write(chunk)) written += chunk.length;
      };
      response.on('drain', more);
      more();
    });
    const answer = await begin(gateway.port, 'fast.localhost');
    let before = -1;
    // The kernel's buffers fill up, and then nothing moves any more.
    await expect
      .poll(
        () => {
          const still = written === before;
          before = written;
          return still;
        },
        { interval: 300, timeout: 10_000 },
      )
      .toBe(true);
    expect(written).toBeLessThan(40 * MIB);
    stopped = true;
    answer.destroy();
  });

  it('holds the client back when the container reads slowly', async () => {
    const backend = await rawBackend((socket) => socket.pause());
    backends.push(backend);
    await gateway.route('lazy.localhost', [backend.port], { requestTimeoutMs: 60_000 });
    const sent = request({ port: gateway.port, method: 'POST', headers: { host: 'lazy.localhost' } });
    sent.on('error', () => undefined);
    let written = 0;
    const chunk = Buffer.alloc(256 * 1024);
    const more = (): void => {
      while (sent.write(chunk)) written += chunk.length;
    };
    sent.on('drain', more);
    more();
    let before = -1;
    await expect
      .poll(
        () => {
          const still = written === before;
          before = written;
          return still;
        },
        { interval: 300, timeout: 10_000 },
      )
      .toBe(true);
    expect(written).toBeLessThan(40 * MIB);
    sent.destroy();
  });

  it('tells the container when the client is gone', async () => {
    const gone = Promise.withResolvers<void>();
    await serve('gone.localhost', (_incoming, response) => {
      response.write('begun');
      response.once('close', gone.resolve);
    });
    const answer = await begin(gateway.port, 'gone.localhost');
    answer.destroy();
    await gone.promise;
  });

  it('answers a client that ends its side behind its request', async () => {
    await serve('nc.localhost', (incoming, response) => {
      incoming.resume().once('end', () => {
        response.write('first, ');
        setTimeout(() => response.end('last'), 100);
      });
    });
    const socket = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true });
    const request = 'POST / HTTP/1.1\r\nHost: nc.localhost\r\nContent-Length: 4\r\n\r\nbody';
    socket.end(request.repeat(2));
    const answers = await readAll(socket);
    expect(answers.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
    expect(answers.match(/last/g)).toHaveLength(2);
  });

  it('tells the container when a client that ended its side does not come to read', async () => {
    const begun = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    await serve('gone-early.localhost', (_incoming, response) => {
      begun.resolve();
      response.once('close', gone.resolve);
    });
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: gone-early.localhost\r\n\r\n');
    await begun.promise;
    socket.destroy();
    await gone.promise;
  });

  it('passes on each event of a stream as it comes', async () => {
    const next = Promise.withResolvers<() => void>();
    await serve('events.localhost', (_incoming, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      next.resolve(() => response.write('data: one\n\n'));
    });
    // The head alone, before there is any event.
    const answer = await begin(gateway.port, 'events.localhost');
    expect(answer.headers['content-type']).toBe('text/event-stream');
    (await next.promise)();
    const [event] = await once(answer, 'data');
    expect(event.toString()).toBe('data: one\n\n');
    answer.destroy();
  });

  it('uses connections to a container again, and closes them when it leaves the table', async () => {
    let opened = 0;
    const backend = await serve('pooled.localhost', (_incoming, response) => response.end('ok'));
    backend.server.on('connection', () => {
      opened += 1;
    });
    for (let i = 0; i < 5; i += 1) await ask(gateway.port, 'pooled.localhost');
    expect(opened).toBe(1);
    expect(backend.sockets.size).toBe(1);
    await gateway.link.withdraw('container-of-pooled.localhost', soon());
    await expect.poll(() => backend.sockets.size).toBe(0);
  });

  it('lets a request end whose instance has left the table', async () => {
    const held = Promise.withResolvers<() => void>();
    const backend = await serve('leaving.localhost', (_incoming, response) =>
      held.resolve(() => response.end('to the end')),
    );
    const asked = ask(gateway.port, 'leaving.localhost');
    const finish = await held.promise;
    await gateway.link.withdraw('container-of-leaving.localhost', soon());
    finish();
    expect((await asked).body).toBe('to the end');
    await expect.poll(() => backend.sockets.size).toBe(0);
  });

  it('never sends one instance what was meant for another at the same address', async () => {
    const backend = await serve('first.localhost', (incoming, response) =>
      response.end(incoming.headers.host),
    );
    await gateway.route('second.localhost', [backend.port]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await ask(gateway.port, 'first.localhost', { agent })).body).toBe('first.localhost');
    expect((await ask(gateway.port, 'second.localhost', { agent })).body).toBe('second.localhost');
    expect(backend.sockets.size).toBe(2);
    agent.destroy();
  });
});
