import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, httpBackend, textBackend } from '../support/backends.ts';
import { soon, startGateway, type TestGateway } from '../support/gateway.ts';
import { ask, sendRaw } from './client.ts';

describe('routing by host name', () => {
  let gateway: TestGateway;
  const backends: Backend[] = [];

  beforeAll(async () => {
    gateway = await startGateway();
    backends.push(await textBackend('shop'), await textBackend('blog'));
    await gateway.route('shop.localhost', [backends[0]?.port ?? 0], { hosts: ['shop.localhost', '[::1]'] });
    await gateway.route('blog.localhost', [backends[1]?.port ?? 0]);
    await gateway.route('asleep.localhost', []);
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    for (const backend of backends) await backend[Symbol.asyncDispose]();
  });

  it.each([
    ['shop.localhost', 'shop'],
    ['blog.localhost', 'blog'],
    ['SHOP.LocalHost', 'shop'],
    ['shop.localhost:8080', 'shop'],
    ['shop.localhost.', 'shop'],
    ['shop.localhost.:80', 'shop'],
    ['[::1]:8080', 'shop'],
  ])('sends Host: %s to its container', async (host, body) => {
    expect(await ask(gateway.port, host)).toMatchObject({ status: 200, body });
  });

  it.each(['other.localhost', 'a.shop.localhost', 'localhost', '127.0.0.1', '[::2]'])(
    'answers 404 to Host: %s, which no container has',
    async (host) => {
      const answer = await ask(gateway.port, host, { path: '/v1/containers' });
      expect(answer).toMatchObject({ status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' } });
      expect(answer.body).toMatch(/no container/i);
    },
  );

  it('answers 503 with Retry-After while a container has no instance', async () => {
    const answer = await ask(gateway.port, 'asleep.localhost');
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('answers 404 to an HTTP/1.0 request without a host', async () => {
    expect(await sendRaw(gateway.port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('takes an absolute target that agrees with Host, and passes its path on', async () => {
    const text =
      'GET http://shop.localhost/x?y HTTP/1.1\r\nHost: shop.localhost:80\r\nConnection: close\r\n\r\n';
    expect(await sendRaw(gateway.port, text)).toMatch(/^HTTP\/1\.1 200 .*shop$/s);
  });

  it('keeps a connection that asks for one container and then for another', async () => {
    const both = await sendRaw(
      gateway.port,
      'GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\nGET / HTTP/1.1\r\nHost: blog.localhost\r\nConnection: close\r\n\r\n',
    );
    expect(both).toMatch(/shop.*HTTP\/1\.1 200 OK.*blog/s);
  });

  it('sends each request to the instance with the fewest in flight', async () => {
    const waiting: (() => void)[] = [];
    const answers = Array.from({ length: 2 }, (_, index) =>
      httpBackend((_request, response) => waiting.push(() => response.end(String(index)))),
    );
    const [a, b] = await Promise.all(answers);
    backends.push(a as Backend, b as Backend);
    await gateway.route('two.localhost', [a?.port ?? 0, b?.port ?? 0]);
    const asked = Array.from({ length: 4 }, () => ask(gateway.port, 'two.localhost'));
    await expect.poll(() => waiting.length).toBe(4);
    for (const answer of waiting) answer();
    const bodies = (await Promise.all(asked)).map(({ body }) => body);
    expect(bodies.toSorted()).toEqual(['0', '0', '1', '1']);
  });

  it('forgets a container that was withdrawn', async () => {
    await gateway.route('gone.localhost', [backends[0]?.port ?? 0]);
    expect((await ask(gateway.port, 'gone.localhost')).status).toBe(200);
    await gateway.link.withdraw('container-of-gone.localhost', soon());
    expect((await ask(gateway.port, 'gone.localhost')).status).toBe(404);
  });
});
