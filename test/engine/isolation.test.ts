import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatIpv4 } from '../../src/engine/ipv4.ts';
import { dockerAt } from '../support/engine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { Installation, NEVER } from './installation.ts';
import { Relay } from './relay.ts';

describeWithEngine('isolation', (ground) => {
  const docker = dockerAt(ground.dockerHost);
  const berth = new Installation(ground.dockerHost);
  const { engine } = berth;
  let web: string;

  beforeAll(async () => {
    web = await new Images(ground).web('1', 'hello');
    await berth.pull(web);
  });
  afterAll(() => berth[Symbol.asyncDispose]());

  test('one network is made, however many ask for it at once, and found again', async () => {
    const other = new Installation(ground.dockerHost);
    const ranges = await Promise.all([1, 2, 3].map(() => other.network()));
    expect(ranges).toEqual([ranges[0], ranges[0], ranges[0]]);
    expect(await networks(other.id)).toHaveLength(1);
    expect(await other.engine.prepareNetwork(NEVER)).toEqual(ranges[0]);
    await other[Symbol.asyncDispose]();
    expect(await networks(other.id)).toEqual([]);
  });

  test('of two networks made at once by two daemons one is kept', async () => {
    const other = new Installation(ground.dockerHost);
    const range = await other.network();
    const [first] = await networks(other.id);
    const created = docker.createNetwork({ Name: first?.Name ?? '', Labels: first?.Labels ?? {} });
    // Newer engines see to it that there is one.
    await created.catch((error) => expect(error).toMatchObject({ statusCode: 409 }));
    expect(await other.engine.prepareNetwork(NEVER)).toEqual(range);
    expect((await networks(other.id)).map((network) => network.Id)).toEqual([first?.Id]);
    await other[Symbol.asyncDispose]();
  });

  test("two installations' networks share no address", async () => {
    const other = new Installation(ground.dockerHost);
    const [a, b] = [await berth.network(), await other.network()];
    expect(a.last < b.first || b.last < a.first).toBe(true);
    expect(a.last - a.first).toBe(4092);
    await other[Symbol.asyncDispose]();
  });

  test('a network that lets instances reach each other is not used', async () => {
    const other = new Installation(ground.dockerHost);
    const Name = `berth-${other.id.slice(0, 12)}`;
    await docker.createNetwork({ Name, Labels: { 'berth.installation': other.id } });
    await expect(other.engine.prepareNetwork(NEVER)).rejects.toMatchObject({ kind: 'refused' });
    await other[Symbol.asyncDispose]();
  });

  test("an instance reaches neither another nor this machine's loopback services", async () => {
    const host = createServer((_request, response) => response.end('host'));
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    const bound = host.address();
    const port = bound !== null && typeof bound !== 'string' ? bound.port : 0;
    const serving = await berth.spec(web);
    await engine.start(await engine.create(serving, NEVER), NEVER);
    const { first } = await engine.prepareNetwork(NEVER);
    const targets = [
      `http://${formatIpv4(serving.address)}/`,
      `http://127.0.0.1:${port}/`,
      `http://${formatIpv4(first - 1)}:${port}/`,
    ];
    const script = targets.map((url) => `wget -q -T 2 -O - ${url} && echo reached || echo failed`).join('; ');
    const id = await berth.run(web, { command: ['/bin/sh', '-c', script] });
    const said = (await berth.log(id)).filter((line) => line.stream === 'stdout').map((line) => line.text);
    expect(said).toEqual(['failed', 'failed', 'failed']);
    expect(await fetch(`http://${formatIpv4(serving.address)}/`).then((response) => response.text())).toBe(
      'hello\n',
    );
    host.close();
  });

  test('containers of others are neither listed nor touched', async () => {
    const other = new Installation(ground.dockerHost);
    const foreign = await other.run(web);
    const plain = await docker.createContainer({
      Image: web,
      Labels: { 'berth.container': 'x', 'berth.revision': '1' },
    });
    await plain.start();
    const listed = (await engine.instances(null, NEVER)).map((instance) => instance.id);
    for (const id of [foreign, plain.id]) {
      expect(listed).not.toContain(id);
      await expect(engine.start(id, NEVER)).rejects.toMatchObject({ kind: 'gone' });
      await expect(engine.stop(id, 0, NEVER)).rejects.toMatchObject({ kind: 'gone' });
      await expect(engine.remove(id, NEVER)).rejects.toMatchObject({ kind: 'gone' });
      await expect(engine.listeners(id, NEVER)).rejects.toMatchObject({ kind: 'gone' });
      expect(await engine.gpuFault(id, NEVER)).toBeUndefined();
      await expect(berth.log(id, { follow: false })).rejects.toMatchObject({ kind: 'gone' });
      expect((await docker.getContainer(id).inspect()).State.Running).toBe(true);
    }
    expect([...(await engine.storageUse(NEVER)).keys()]).not.toContain(foreign);
    await plain.remove({ force: true });
    await other[Symbol.asyncDispose]();
  });

  test("two users' volumes of one name are two, and outlive their instances", async () => {
    const write = (createdBy: string) =>
      berth.run(web, {
        createdBy,
        volumes: [{ name: 'data', path: '/data' }],
        command: ['/bin/sh', '-c', 'cat /data/* 2>/dev/null; echo "$OWNER" > /data/owner'],
        env: { OWNER: createdBy },
      });
    const said = [];
    for (const user of [`alice-${berth.id}`, `bob-${berth.id}`, `alice-${berth.id}`]) {
      const id = await write(user);
      said.push((await berth.log(id)).map((line) => line.text));
      await engine.remove(id, NEVER);
    }
    expect(said).toEqual([[], [], [`alice-${berth.id}`]]);
    const filters = { label: [`berth.installation=${berth.id}`] };
    const { Volumes } = await docker.listVolumes({ filters });
    expect(Volumes).toHaveLength(2);
    for (const { Name } of Volumes) await docker.getVolume(Name).remove();
  });

  test('what listens inside an instance is seen, and on which addresses', async () => {
    const loopback = await new Images(ground).loopback();
    await berth.pull(loopback);
    const [open, closed] = [await berth.run(web), await berth.run(loopback, { port: 8080 })];
    await expect.poll(() => engine.listeners(open, NEVER)).toEqual([{ port: 80, loopbackOnly: false }]);
    await expect.poll(() => engine.listeners(closed, NEVER)).toEqual([{ port: 8080, loopbackOnly: true }]);
    await engine.stop(open, 0, NEVER);
    expect(await engine.listeners(open, NEVER)).toBeUndefined();
  });

  test('what an instance writes to its disk is measured', async () => {
    const id = await berth.run(web, {
      command: ['/bin/sh', '-c', 'dd if=/dev/zero of=/big bs=1M count=5 2>/dev/null'],
    });
    await berth.log(id);
    expect((await engine.storageUse(NEVER)).get(id)).toBeGreaterThanOrEqual(5 * 1024 * 1024);
  });

  test('a disk whose limit the storage driver does not hold after all is watched', async () => {
    await using relay = await Relay.start(ground.dockerHost);
    // As if the driver could: Docker then refuses the limit itself.
    relay.rewrite = (text) => text.replace('"Driver":"overlay2"', '"Driver":   "btrfs"');
    await using hopeful = new Installation(relay.dockerHost);
    expect((await hopeful.engine.info(NEVER)).storageLimit).toBe('driver');
    await hopeful.run(web);
    expect((await hopeful.engine.info(NEVER)).storageLimit).toBe('watch');
  });

  function networks(installation: string) {
    return docker.listNetworks({ filters: { label: [`berth.installation=${installation}`] } });
  }
});
