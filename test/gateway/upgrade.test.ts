import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Backend, httpBackend, rawBackend } from '../support/backends.ts';
import { soon, startGateway, type TestGateway } from '../support/gateway.ts';
import { readAll, readUntil } from './client.ts';

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';

describe('upgraded connections', () => {
  let gateway: TestGateway;
  const backends: Backend[] = [];

  beforeAll(async () => {
    gateway = await startGateway();
    const backend = await httpBackend((_request, response) =>
      response.writeHead(401).end('x'.repeat(1_000_000)),
    );
    const sockets = new WebSocketServer({ noServer: true });
    backend.server.on('upgrade', (request, socket, head) => {
      if (request.url === '/refused')
        socket.end('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n');
      else
        sockets.handleUpgrade(request, socket, head, (ws) => {
          ws.send(JSON.stringify(request.headers));
          ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
        });
    });
    backends.push(backend);
    await gateway.route('ws.localhost', [backend.port]);
    await gateway.route('asleep.localhost', []);
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  });

  function open(host: string, path = '/'): WebSocket {
    return new WebSocket(`ws://127.0.0.1:${gateway.port}${path}`, {
      headers: { host, 'x-forwarded-for': '1.2.3.4' },
    });
  }

  /** A connection that speaks whatever the backend does once it has switched. */
  async function upgradeTo(host: string, switched: (socket: import('node:net').Socket) => void) {
    const backend = await rawBackend((socket) => {
      socket.once('data', () => socket.write(SWITCHED, () => switched(socket)));
    });
    backends.push(backend);
    await gateway.route(host, [backend.port]);
    const client = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true });
    client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n`);
    return client;
  }

  it('carry WebSocket messages both ways, with the headers that every request gets', async () => {
    const ws = open('ws.localhost');
    const [first] = await once(ws, 'message');
    expect(JSON.parse(first.toString())).toMatchObject({
      host: 'ws.localhost',
      'x-forwarded-for': '127.0.0.1',
    });
    for (const size of [0, 1, 100, 5_000_000]) {
      const message = Buffer.alloc(size, 'm');
      ws.send(message);
      const [echoed] = await once(ws, 'message');
      expect(message.equals(echoed)).toBe(true);
    }
    ws.close(4001, 'bye');
    expect((await once(ws, 'close'))[0]).toBe(4001);
  });

  it.each([
    ['ws.localhost', '/refused', 403],
    ['nobody.localhost', '/', 404],
    ['asleep.localhost', '/', 503],
  ])('are answered as a request where they are refused: %s%s', async (host, path, status) => {
    const ws = open(host, path);
    ws.on('error', () => undefined);
    const [, response] = await once(ws, 'unexpected-response');
    expect(response.statusCode).toBe(status);
    expect((await response.toArray()).length).toBeGreaterThan(0);
  });

  it('pass on a large refusal as a whole', async () => {
    const backend = await rawBackend((socket) => {
      socket.once('data', () =>
        socket.end(`HTTP/1.1 401 Unauthorized\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(3_000_000)}`),
      );
    });
    backends.push(backend);
    await gateway.route('large.localhost', [backend.port]);
    const client = connect(gateway.port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: large.localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n');
    const answer = await readAll(client);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(answer.length).toBeGreaterThan(3_000_000);
  });

  it.each([
    ['switches to something else', 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'],
    ['switches without saying to what', 'HTTP/1.1 101 S\r\n\r\n'],
    ['never comes to its answer', 'HTTP/1.1 100 C\r\n\r\n'.repeat(10_000) + SWITCHED],
  ])('are answered 502 where the container %s', async (what, bytes) => {
    const host = `${what.replaceAll(' ', '-')}.localhost`;
    const backend = await rawBackend((socket) => {
      socket.once('data', () => socket.write(bytes)).once('end', () => socket.end());
    });
    backends.push(backend);
    await gateway.route(host, [backend.port]);
    const client = connect(gateway.port, '127.0.0.1');
    client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n`);
    const answer = await readAll(client);
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    await expect.poll(() => backend.sockets.size).toBe(0);
  });

  it('never offer h2c to a container, nor among others', async () => {
    const heard = Promise.withResolvers<string>();
    const backend = await rawBackend((socket) => {
      socket.once('data', (data) => {
        heard.resolve(data.toString('latin1'));
        socket.end('HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: RAW\r\n\r\n');
      });
    });
    backends.push(backend);
    await gateway.route('offers.localhost', [backend.port]);
    const client = connect(gateway.port, '127.0.0.1');
    client.write(
      'GET / HTTP/1.1\r\nHost: offers.localhost\r\nConnection: Upgrade\r\nUpgrade: h2c, raw, H2C\r\nUpgrade: foo/2\r\n\r\n',
    );
    expect(await readUntil(client, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /);
    expect((await heard.promise).match(/^upgrade:.*$/gim)).toEqual(['Upgrade: raw, foo/2']);
    client.destroy();
  });

  it('take an offer of h2c for a plain request, its body included', async () => {
    const backend = await httpBackend((request, response) => request.pipe(response));
    backends.push(backend);
    await gateway.route('h2c.localhost', [backend.port]);
    const client = connect(gateway.port, '127.0.0.1');
    client.write(
      'POST / HTTP/1.1\r\nHost: h2c.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nContent-Length: 4\r\n\r\nbody',
    );
    expect(await readUntil(client, 'body')).toMatch(/^HTTP\/1\.1 200 /);
    client.destroy();
  });

  it('let the client speak on after the container has ended its side', async () => {
    const heard = Promise.withResolvers<string>();
    const client = await upgradeTo('half.localhost', (socket) => {
      socket.end('that is all');
      let seen = '';
      socket.on('data', (chunk) => {
        seen += chunk;
      });
      socket.once('end', () => heard.resolve(seen));
    });
    expect(await readAll(client)).toMatch(/that is all$/);
    client.end('and this is my answer');
    expect(await heard.promise).toBe('and this is my answer');
  });

  it('let the container speak on after the client has ended its side', async () => {
    const client = await upgradeTo('other-half.localhost', (socket) => {
      socket.resume().once('end', () => socket.end('last words'));
    });
    await readUntil(client, '\r\n\r\n');
    client.end();
    expect(await readAll(client)).toBe('last words');
  });

  it('hold the sender back when the reader is slow', async () => {
    let written = 0;
    let stopped = false;
    const client = await upgradeTo('flood.localhost', (socket) => {
      const chunk = Buffer.alloc(256 * 1024);
      const more = (): void => {
        while (!stopped && socket.write(chunk)) written += chunk.length;
      };
      socket.on('drain', more);
      more();
    });
    client.pause();
    let before = -1;
    await expect
      .poll(
        () => {
          const still = written > 0 && written === before;
          before = written;
          return still;
        },
        { interval: 300, timeout: 10_000 },
      )
      .toBe(true);
    expect(written).toBeLessThan(40 * 1024 * 1024);
    stopped = true;
    client.destroy();
  });

  it('end on one side when the other breaks', async () => {
    const broken = Promise.withResolvers<void>();
    const client = await upgradeTo('breaks.localhost', (socket) =>
      socket.resume().once('close', broken.resolve),
    );
    await readUntil(client, '\r\n\r\n');
    client.resetAndDestroy();
    await broken.promise;
    const other = await upgradeTo('breaks-too.localhost', (socket) =>
      setImmediate(() => socket.resetAndDestroy()),
    );
    await readAll(other).catch(() => undefined);
    expect(other.readableEnded || other.destroyed).toBe(true);
    other.destroy();
  });

  it('count as activity until they close', async () => {
    const ws = open('ws.localhost');
    await once(ws, 'message');
    const instance = gateway.link.current('container-of-ws.localhost')?.upstreams[0]?.instance ?? '';
    await gateway.link.publish(
      {
        containerId: 'container-of-ws.localhost',
        hosts: ['ws.localhost'],
        requestTimeoutMs: 1_000,
        upstreams: [],
      },
      soon(),
    );
    const drained = gateway.link.drained(instance, soon());
    let done = false;
    void drained.then(() => {
      done = true;
    });
    ws.send('still here');
    await once(ws, 'message');
    expect(done).toBe(false);
    ws.close();
    await drained;
  });
});
