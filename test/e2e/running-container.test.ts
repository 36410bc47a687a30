import { beforeAll, expect, test } from 'vitest';
import { type ContainerJson, eventually, TestDaemon } from '../support/daemon.ts';
import { dockerAt } from '../support/engine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';

describeWithEngine('a deployed container', (ground) => {
  const images = new Images(ground);
  const docker = dockerAt(ground.dockerHost);
  let berth: TestDaemon;

  beforeAll(async () => {
    berth = await TestDaemon.start(ground);
    return () => berth[Symbol.asyncDispose]();
  });

  async function only({ id }: ContainerJson) {
    const mine = await docker.listContainers({ all: true, filters: { label: [`berth.container=${id}`] } });
    expect(mine).toHaveLength(1);
    return docker.getContainer(mine[0]?.Id ?? '');
  }

  test('has what it asked for: cpu, memory, environment, arguments, a volume, and no more rights than it needs', async () => {
    const container = await berth.deploy({
      image: await images.echo(),
      cpu: 0.5,
      ram: '48Mi',
      env: { GREETING: 'hello there' },
      arguments: ['one', 'two words'],
      volumes: [{ name: 'data', path: '/data' }],
    });
    const { body } = await berth.fetch(container);
    expect(body).toContain('env GREETING=hello there');
    expect(body).toContain('argument two words');
    const { HostConfig, Config } = await (await only(container)).inspect();
    expect(HostConfig).toMatchObject({
      NanoCpus: 5e8,
      Memory: 48 * 1024 ** 2,
      Privileged: false,
      RestartPolicy: { Name: 'no' },
    });
    expect(HostConfig.SecurityOpt).toContain('no-new-privileges');
    expect(HostConfig.PidsLimit).toBeGreaterThan(0);
    expect(HostConfig.LogConfig?.Config).toMatchObject({ 'max-size': expect.any(String) });
    expect(HostConfig.Mounts).toEqual([expect.objectContaining({ Type: 'volume', Target: '/data' })]);
    expect(Config.Labels).toMatchObject({ 'berth.container': container.id, 'berth.revision': '1' });
  });

  test('answers to its own host names, which nobody else may have', async () => {
    const image = await images.web('1', 'by name');
    const container = await berth.deploy({ image, hostnames: ['www.example.test'] });
    expect(container.urls).toContainEqual(expect.stringMatching(/^www\.example\.test/));
    expect(await berth.fetch({ urls: ['www.example.test'] })).toMatchObject({ status: 200 });
    await expect(berth.create({ image, hostnames: ['www.example.test'] })).rejects.toThrow(/409/);

    await berth.send('PUT', `/v1/containers/${container.id}`, { hostnames: [] });
    await berth.until(container.id, ({ servingRevision }) => servingRevision === 2);
    expect(await berth.fetch({ urls: ['www.example.test'] })).toMatchObject({ status: 404 });
    await berth.create({ image, hostnames: ['www.example.test'] });
  });

  test('is made again when somebody removes it in Docker', async () => {
    const container = await berth.deploy({ image: await images.web('again', 'again') });
    const before = await only(container);
    await before.remove({ force: true });
    await eventually(
      async () => (await berth.fetch(container)).status === 200,
      () => 'it does not answer again',
    );
    expect((await only(container)).id).not.toBe(before.id);
  });

  test('is started again when it crashes, later each time, and says exit code and last line', async () => {
    const container = await berth.deploy({ image: await images.web('crash', 'up') });
    for (let crash = 1; crash <= 3; crash++) {
      await (await only(container)).kill({ signal: 'SIGKILL' });
      const down = await berth.until(container.id, ({ status }) => status === 'failed');
      expect(down.statusReason).toMatch(/^exited with code 137: .+; (trying again in|starting|waiting)/);
      await berth.until(container.id, ({ status }) => status === 'deployed');
    }
    expect(await berth.fetch(container)).toMatchObject({ status: 200 });
  });

  test('that runs out of memory says so', async () => {
    const container = await berth.deploy({ image: await images.memoryEater(), ram: '16Mi' });
    await berth.fetch(container, '/cgi-bin/eat').catch(() => undefined);
    const down = await berth.until(container.id, ({ status }) => status === 'failed');
    expect(down.statusReason).toMatch(/out of memory \(ram is 16Mi\)/);
  });

  test('that outgrows its disk is stopped, and says why', async () => {
    const container = await berth.deploy({ image: await images.diskEater(), ephemeralStorage: '20Mi' });
    const stopped = await berth.until(container.id, ({ status }) => status === 'failed');
    expect(stopped.statusReason).toMatch(/^stopped: it wrote .+ and ephemeralStorage is 20Mi/);
    expect(await berth.fetch(container)).toMatchObject({ status: 503 });
    await eventually(
      async () =>
        (await docker.listContainers({ all: true, filters: { label: [`berth.container=${container.id}`] } }))
          .length === 0,
      () => 'its instance is still there',
    );
  });

  test('can’t reach another container, nor the API', async () => {
    const other = await berth.deploy({ image: await images.web('other', 'other') });
    const address = (await (await only(other)).inspect()).NetworkSettings.Networks;
    const target = Object.values(address)[0]?.IPAddress ?? '';
    const apiPort = new URL(berth.apiUrl).port;
    const script = `for try in "${target} 80" "127.0.0.1 ${apiPort}" "$(/bin/busybox ip route | /bin/busybox awk '/default/{print $3}') ${apiPort}"; do /bin/busybox nc -w 2 $try </dev/null && echo "reached $try"; done; echo done; exec /programs/web`;
    const prober = await berth.deploy({
      image: await images.web('prober', 'prober'),
      command: ['/bin/busybox', 'sh', '-c', script],
    });
    const log = await berth.api(`/v1/containers/${prober.id}/logs?follow=false&tail=all`);
    const text = await log.text();
    expect(text).toContain('data: done');
    expect(text).not.toContain('data: reached');
  });
});
