import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLines } from '../../src/gateway/lines.ts';
import { type GatewayLink, openGatewayLink } from '../../src/gateway/link.ts';
import { type Backend, httpBackend, textBackend } from '../support/backends.ts';
import { routeTo, soon, startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from './client.ts';

describe('the link between berthd and the gateway', () => {
  let gateway: TestGateway;
  let backend: Backend;
  const opened: AsyncDisposable[] = [];

  beforeEach(async () => {
    gateway = await startGateway();
    backend = await textBackend('ok');
    opened.push(backend);
  });

  afterEach(async () => {
    for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  function anotherBerthd(): GatewayLink {
    const link = openGatewayLink({ socketPath: gateway.adminSocket, log: pino({ level: 'silent' }) });
    opened.push(link);
    return link;
  }

  it('tells who serves', async () => {
    expect(gateway.link.info()).toMatchObject({
      generation: 1,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      listen: { host: '127.0.0.1', port: gateway.port },
    });
  });

  it("hands an earlier berthd's table to the next one", async () => {
    const route = await gateway.route('kept.localhost', [backend.port]);
    await gateway.link[Symbol.asyncDispose]();
    const next = anotherBerthd();
    await next.ready(soon());
    expect(next.current(route.containerId)).toEqual(route);
    expect(next.containerIds()).toEqual([route.containerId]);
    await next.publish(routeTo('new.localhost', [backend.port]), soon());
    expect((await ask(gateway.port, 'kept.localhost')).status).toBe(200);
    expect((await ask(gateway.port, 'new.localhost')).status).toBe(200);
  });

  it('merges what was published before the gateway was reached over the table that it has', async () => {
    const kept = await gateway.route('kept.localhost', [backend.port]);
    const gone = await gateway.route('gone.localhost', [backend.port]);
    const changed = await gateway.route('changed.localhost', [backend.port]);
    const next = anotherBerthd();
    const moved = { ...changed, hosts: ['moved.localhost'] };
    await Promise.all([next.publish(moved, soon()), next.withdraw(gone.containerId, soon())]);
    expect(next.containerIds().toSorted()).toEqual([changed.containerId, kept.containerId].toSorted());
    expect((await ask(gateway.port, 'kept.localhost')).status).toBe(200);
    expect((await ask(gateway.port, 'moved.localhost')).status).toBe(200);
    expect((await ask(gateway.port, 'changed.localhost')).status).toBe(404);
    expect((await ask(gateway.port, 'gone.localhost')).status).toBe(404);
  });

  it('reaches a generation that was started anew after a crash, and gives it what was published meanwhile', async () => {
    await gateway.route('one.localhost', [backend.port]);
    process.kill(gateway.link.info()?.pid ?? 0, 'SIGKILL');
    await gateway.link.publish(routeTo('two.localhost', [backend.port]), soon());
    expect(gateway.link.info()?.generation).toBe(2);
    expect((await ask(gateway.port, 'one.localhost')).status).toBe(200);
    expect((await ask(gateway.port, 'two.localhost')).status).toBe(200);
  });

  it('applies many changes at once, and the same one again without a word', async () => {
    const routes = Array.from({ length: 200 }, (_, index) =>
      routeTo(`many-${index}.localhost`, [backend.port]),
    );
    await Promise.all(routes.map((route) => gateway.link.publish(route, soon())));
    await gateway.link.publish(routeTo('many-7.localhost', [backend.port]), soon());
    expect((await ask(gateway.port, 'many-199.localhost')).status).toBe(200);
  });

  it('rejects when the signal aborts, and sends the route all the same', async () => {
    process.kill(gateway.link.info()?.pid ?? 0, 'SIGSTOP');
    const stopped = gateway.link.info()?.pid ?? 0;
    await expect(
      gateway.link.publish(routeTo('late.localhost', [backend.port]), soon(100)),
    ).rejects.toThrow();
    process.kill(stopped, 'SIGCONT');
    await expect.poll(async () => (await ask(gateway.port, 'late.localhost')).status).toBe(200);
  });

  it('says that an instance is drained when its last request has ended, and not while it is routed to', async () => {
    const held = Promise.withResolvers<() => void>();
    const slow = await httpBackend((_request, response) => held.resolve(() => response.end('done')));
    opened.push(slow);
    const route = await gateway.route('slow.localhost', [slow.port]);
    const instance = route.upstreams[0]?.instance ?? '';
    await expect(gateway.link.drained(instance, soon(50))).rejects.toThrow();
    const asked = ask(gateway.port, 'slow.localhost');
    const finish = await held.promise;
    await gateway.route('slow.localhost', [backend.port]);
    await expect(gateway.link.drained(instance, soon(200))).rejects.toThrow();
    finish();
    await gateway.link.drained(instance, soon());
    expect((await asked).body).toBe('done');
  });

  describe('as it is on the wire', () => {
    async function dial(): Promise<{ socket: Socket; next(): Promise<unknown> }> {
      const socket = connect(gateway.adminSocket);
      await once(socket, 'connect');
      const lines = readLines(socket);
      opened.push({
        async [Symbol.asyncDispose]() {
          socket.destroy();
        },
      });
      return { socket, next: async () => JSON.parse((await lines.next()).value ?? 'null') };
    }

    it('begins with hello, and ignores what it does not know', async () => {
      const { socket, next } = await dial();
      expect(await next()).toMatchObject({ type: 'hello', protocol: 1, table: { version: 0, routes: [] } });
      socket.write('{"type":"from-the-future","x":1}\n');
      socket.write(`${JSON.stringify({ type: 'table', table: { version: 9, routes: [] } })}\n`);
      expect(await next()).toEqual({ type: 'applied', version: 9 });
    });

    it('tells at once when an instance becomes busy and idle', async () => {
      const held = Promise.withResolvers<() => void>();
      const slow = await httpBackend((_request, response) => held.resolve(() => response.end('done')));
      opened.push(slow);
      await gateway.route('slow.localhost', [slow.port]);
      const { next } = await dial();
      await next();
      const asked = ask(gateway.port, 'slow.localhost');
      const instance = `slow.localhost-${slow.port}`;
      expect(await next()).toMatchObject({ type: 'activity', instances: [{ instance, inFlight: 1 }] });
      (await held.promise)();
      expect(await next()).toMatchObject({ type: 'activity', instances: [{ instance, inFlight: 0 }] });
      await asked;
    });

    it('tells of a request for a container without an instance', async () => {
      await gateway.route('asleep.localhost', []);
      const { next } = await dial();
      await next();
      await ask(gateway.port, 'asleep.localhost');
      expect(await next()).toEqual({ type: 'wake', containerId: 'container-of-asleep.localhost' });
    });

    it.each([
      'not json',
      '{"type":1}',
      '{"type":"table","table":{"version":-1,"routes":[]}}',
      '{"type":"table","table":{"version":1,"routes":[{}]}}',
    ])('ends a connection that sends %s, and goes on serving', async (line) => {
      await gateway.route('safe.localhost', [backend.port]);
      const { socket } = await dial();
      socket.resume().write(`${line}\n`);
      await once(socket, 'close');
      expect((await ask(gateway.port, 'safe.localhost')).status).toBe(200);
    });
  });
});
