import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createApp } from '../../src/api/openapi.ts';
import { serveApi } from '../../src/api/serve.ts';
import { HELLO, startApi } from './api.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-serve-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const app = () => createApp().get('/healthz', (c) => c.text('ok'));

describe('the Unix socket', () => {
  test('asks no token: whoever may open it is ADMIN', async () => {
    await using api = await startApi();
    expect(await api.callLocal('POST', '/v1/containers', { body: HELLO })).toMatchObject({
      status: 201,
      json: { createdBy: 'local' },
    });
    expect(await api.callLocal('GET', '/v1/containers?all=true')).toMatchObject({
      status: 200,
      json: { total: 1 },
    });
    // A token changes nothing, not even a wrong one.
    expect(await api.callLocal('GET', '/v1/containers', { token: 'x' })).toMatchObject({ status: 200 });
  });

  test('is open to its owner and its group, to nobody else, and gone when the server is', async () => {
    const socketPath = join(dir, 'berth.sock');
    {
      await using server = await serveApi(app(), { socketPath }, 'local');
      expect(server.address).toBe(socketPath);
      expect(statSync(socketPath).mode & 0o777).toBe(0o660);
    }
    expect(statSync(socketPath, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('belongs to the group that is named, where we may give it away', async () => {
    if (process.getuid?.() !== 0) return;
    const socketPath = join(dir, 'berth.sock');
    await using _server = await serveApi(app(), { socketPath, group: 'daemon' }, 'local');
    expect(statSync(socketPath).gid).toBe(1);
  });

  test('that a killed daemon left is replaced', async () => {
    const socketPath = join(dir, 'berth.sock');
    const script = `require('node:http').createServer().listen(${JSON.stringify(socketPath)}, () => console.log('up'))`;
    const killed = spawn(process.execPath, ['-e', script]);
    await once(killed.stdout, 'data');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(statSync(socketPath).isSocket()).toBe(true);
    await using server = await serveApi(app(), { socketPath }, 'local');
    expect(server.address).toBe(socketPath);
  });

  test('that another daemon answers on is left alone', async () => {
    const socketPath = join(dir, 'berth.sock');
    await using _first = await serveApi(app(), { socketPath }, 'local');
    await expect(serveApi(app(), { socketPath }, 'local')).rejects.toThrow(/another program answers there/);
    const answer = await ask(socketPath);
    expect(answer).toBe(200);
  });

  test('is no file of another kind', async () => {
    const socketPath = join(dir, 'berth.sock');
    writeFileSync(socketPath, 'precious');
    await expect(serveApi(app(), { socketPath }, 'local')).rejects.toThrow(/no socket/);
    expect(statSync(socketPath).size).toBe(8);
  });
});

describe('the TCP port', () => {
  test('that is taken is told, with what to do', async () => {
    const other = createTcpServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(serveApi(app(), { host: '127.0.0.1', port }, 'token')).rejects.toThrow(
      /EADDRINUSE.*BERTH_API_LISTEN/,
    );
    other.close();
  });
});

describe('closing', () => {
  test('ends idle connections and streams at once, and lets a request finish', async () => {
    const arrived = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const slow = createApp()
      .get('/slow', async (c) => {
        arrived.resolve();
        await finish.promise;
        return c.text('done');
      })
      .get('/stream', (c) => {
        const stream = new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode(':\n\n')),
        });
        return c.body(stream, 200, { 'Content-Type': 'text/event-stream' });
      });
    const server = await serveApi(slow, { host: '127.0.0.1', port: 0 }, 'token');
    const port = Number(server.address.split(':').at(-1));
    const idle = connect(port, '127.0.0.1');
    await once(idle, 'connect');
    const idleEnds = once(idle.resume(), 'close');
    const [events] = await once(request({ port, path: '/stream', agent: false }).end(), 'response');
    const streamEnds = new Promise((resolve) => events.on('close', resolve));
    const broken = new Promise((resolve) => events.once('error', resolve));
    await once(events, 'data');
    const slowly = fetch(`http://127.0.0.1:${port}/slow`);
    await arrived.promise;

    const closing = server[Symbol.asyncDispose]();
    await streamEnds;
    // It must not look finished.
    expect(await broken).toMatchObject({ code: 'ECONNRESET' });
    await idleEnds;
    finish.resolve();
    expect(await (await slowly).text()).toBe('done');
    await closing;
    const refused = connect(port, '127.0.0.1');
    const error = await new Promise((resolve) => refused.once('error', resolve));
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('is bounded where a request never ends', async () => {
    const arrived = Promise.withResolvers<void>();
    const stuck = createApp().get('/stuck', () => {
      arrived.resolve();
      return new Promise<Response>(() => {});
    });
    const server = await serveApi(stuck, { host: '127.0.0.1', port: 0 }, 'token');
    const hanging = fetch(`http://${server.address}/stuck`).catch((error: unknown) => error);
    await arrived.promise;
    await server[Symbol.asyncDispose]();
    expect(await hanging).toBeInstanceOf(Error);
  });
});

async function ask(socketPath: string): Promise<number> {
  const [response] = await once(request({ socketPath, path: '/healthz', agent: false }).end(), 'response');
  response.resume();
  return response.statusCode;
}
