import { beforeAll, expect, test } from 'vitest';
import { type ContainerJson, fetchFrom, TestDaemon } from '../support/daemon.ts';
import { dockerAt } from '../support/engine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';

describeWithEngine('when berthd is killed', (ground) => {
  const images = new Images(ground);
  const docker = dockerAt(ground.dockerHost);
  let berth: TestDaemon;

  beforeAll(async () => {
    berth = await TestDaemon.start({ ...ground, asProcess: true });
    return () => berth[Symbol.asyncDispose]();
  });

  async function pidsOf({ id }: ContainerJson): Promise<number[]> {
    const mine = await docker.listContainers({ filters: { label: [`berth.container=${id}`] } });
    return await Promise.all(mine.map(async ({ Id }) => (await docker.getContainer(Id).inspect()).State.Pid));
  }

  test('traffic goes on, and the next berthd finds the same container with the same PID', async () => {
    const container = await berth.deploy({ image: await images.web('1', 'still here') });
    const pids = await pidsOf(container);
    const { gatewayUrl } = berth;
    const stop = new AbortController();
    const load = fetchUntil(stop.signal, gatewayUrl, container.urls?.[0] ?? '');

    for (let kill = 0; kill < 3; kill++) {
      await berth.stop('SIGKILL');
      await berth.start();
      await berth.until(container.id, ({ status }) => status === 'deployed');
    }
    stop.abort();
    const { answered, failures } = await load;
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(50);
    expect(berth.gatewayUrl).toBe(gatewayUrl);
    expect(await pidsOf(container)).toEqual(pids);
  });

  test('in the middle of a deploy, the next one finishes it', async () => {
    const { id } = await berth.create({ image: await images.web('2', 'finished') });
    await berth.stop('SIGKILL');
    await berth.start();
    const container = await berth.settled(id);
    expect(container.status).toBe('deployed');
    expect(await pidsOf(container)).toHaveLength(1);
    expect(await berth.fetch(container)).toMatchObject({
      status: 200,
      body: expect.stringContaining('finished'),
    });
  });

  test('after a delete was acknowledged, the next one cleans up', async () => {
    const container = await berth.deploy({ image: await images.web('3', 'deleted') });
    expect((await berth.api(`/v1/containers/${container.id}`, { method: 'DELETE' })).status).toBe(204);
    await berth.stop('SIGKILL');
    await berth.start();
    expect((await berth.api(`/v1/containers/${container.id}`)).status).toBe(404);
    await expect.poll(() => pidsOf(container), { timeout: 30_000 }).toEqual([]);
    await expect.poll(async () => (await berth.fetch(container)).status).toBe(404);
  });

  test('a container that ended meanwhile is started again', async () => {
    const container = await berth.deploy({ image: await images.web('4', 'back') });
    await berth.stop('SIGTERM');
    const [mine] = await docker.listContainers({ filters: { label: [`berth.container=${container.id}`] } });
    await docker.getContainer(mine?.Id ?? '').kill({ signal: 'SIGKILL' });
    await berth.start();
    await expect.poll(async () => (await berth.fetch(container)).status, { timeout: 30_000 }).toBe(200);
  });

  test('a second berthd on the same data folder says so and leaves the first alone', async () => {
    const { spawnBerthd } = await import('../support/berthd.ts');
    await expect(spawnBerthd(berth.env, `${berth.dir}/second.log`)).rejects.toThrow(
      /another berthd runs on this data folder/,
    );
    expect((await berth.api('/v1/containers')).status).toBe(200);
  });
});

async function fetchUntil(signal: AbortSignal, gatewayUrl: string, host: string) {
  const failures: string[] = [];
  let answered = 0;
  while (!signal.aborted) {
    const { status } = await fetchFrom(gatewayUrl, host).catch((error: unknown) => ({
      status: String(error),
    }));
    if (status === 200) answered++;
    else failures.push(`${status}`);
  }
  return { answered, failures };
}
