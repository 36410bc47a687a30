import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpBackend, httpBackend } from '../support/backends.ts';
import { eventually, isRunning, soon, startGateway, type TestGateway } from '../support/gateway.ts';
import { ask } from './client.ts';

describe('two workers', () => {
  let gateway: TestGateway;
  let backend: HttpBackend;
  let waiting: (() => void)[] = [];

  beforeAll(async () => {
    gateway = await startGateway({ workers: 2 });
    backend = await httpBackend((request, response) => {
      if (request.url === '/wait') waiting.push(() => response.end('waited'));
      else response.end('ok');
    });
    await gateway.route('app.localhost', [backend.port]);
  });

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  /** The children of the generation, as the kernel knows them. */
  async function workers(): Promise<number[]> {
    const parent = String(gateway.link.info()?.pid);
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
    return pids.filter((_, index) => stats[index]?.split(') ')[1]?.split(' ')[1] === parent).map(Number);
  }

  it('both use each table once it is applied', async () => {
    expect(await workers()).toHaveLength(1);
    for (let round = 0; round < 5; round += 1) {
      const host = `round-${round}.localhost`;
      await gateway.route(host, [backend.port]);
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask(gateway.port, host)));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      await gateway.link.withdraw(`container-of-${host}`, soon());
      const refused = await Promise.all(Array.from({ length: 40 }, () => ask(gateway.port, host)));
      expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 404));
    }
  });

  it('count the requests of both before an instance is drained', async () => {
    await gateway.route('busy.localhost', [backend.port]);
    waiting = [];
    let answered = 0;
    const asked = Array.from({ length: 30 }, async () => {
      const answer = await ask(gateway.port, 'busy.localhost', { path: '/wait' });
      answered += 1;
      return answer;
    });
    await expect.poll(() => waiting.length).toBe(30);
    await gateway.link.withdraw('container-of-busy.localhost', soon());
    let drained = false;
    const draining = gateway.link.drained(`busy.localhost-${backend.port}`, soon()).then(() => {
      drained = true;
    });
    for (const finish of waiting.slice(1)) finish();
    await expect.poll(() => answered).toBe(29);
    await ask(gateway.port, 'app.localhost');
    expect(drained).toBe(false);
    waiting[0]?.();
    await draining;
    expect((await Promise.all(asked)).every(({ body }) => body === 'waited')).toBe(true);
  });

  it('are replaced when one dies', async () => {
    const [before = 0] = await workers();
    process.kill(before, 'SIGKILL');
    await eventually(async () => {
      const [now] = await workers();
      return now !== undefined && now !== before;
    }, 'another worker');
    await gateway.route('later.localhost', [backend.port]);
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(gateway.port, 'later.localhost')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  });

  it('all give way to the next generation', async () => {
    const old = [...(await workers()), gateway.link.info()?.pid ?? 0];
    await gateway.link.reload(soon());
    await eventually(() => !old.some(isRunning), 'the old processes end');
    expect(await workers()).toHaveLength(1);
    expect((await ask(gateway.port, 'app.localhost')).status).toBe(200);
  });
});
