import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatIpv4 } from '../../src/engine/ipv4.ts';
import { dockerAt } from '../support/engine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { Installation, image, NEVER } from './installation.ts';
import { Relay } from './relay.ts';

describeWithEngine('an instance', (ground) => {
  const docker = dockerAt(ground.dockerHost);
  const berth = new Installation(ground.dockerHost);
  const { engine } = berth;
  let web: string;
  let echo: string;

  beforeAll(async () => {
    const images = new Images(ground);
    web = await images.web('1', 'hello');
    echo = await images.echo();
    await berth.pull(web);
    await berth.pull(echo);
  });
  afterAll(() => berth[Symbol.asyncDispose]());

  test('is created, started, reached at its address, stopped and removed', async () => {
    const spec = await berth.spec(web, { containerId: 'c0ffee00-1', revision: 3 });
    const id = await engine.create(spec, NEVER);
    expect(await berth.instance(id)).toEqual({
      id,
      containerId: 'c0ffee00-1',
      revision: 3,
      address: formatIpv4(spec.address),
      gpus: [],
      state: { kind: 'created' },
    });
    await engine.start(id, NEVER);
    const running = await berth.instance(id);
    expect(running.state).toEqual({ kind: 'running', startedAt: expect.any(Date) });
    expect(running.address).toBe(formatIpv4(spec.address));
    expect(await page(running.address)).toBe('hello\n');
    await engine.stop(id, 10_000, NEVER);
    expect((await berth.instance(id)).state).toEqual({
      kind: 'exited',
      exitCode: 0,
      outOfMemory: false,
      finishedAt: expect.any(Date),
    });
    await engine.remove(id, NEVER);
    expect(await engine.instances('c0ffee00-1', NEVER)).toEqual([]);
  });

  test('is made over TCP too', async () => {
    await using relay = await Relay.start(ground.dockerHost, 'tcp');
    await using far = new Installation(relay.dockerHost);
    const id = await far.run(web);
    expect((await far.instance(id)).state.kind).toBe('running');
    expect((await far.log(id, { follow: false, tail: 1 })).length).toBeLessThanOrEqual(1);
  });

  test("never shows its environment's values in an error", async () => {
    const env = { SECRET: 'open-sesame', 'BAD NAME': 'open-sesame' };
    const command = ['nothing-here', 'open-sesame'];
    const started = berth.run(web, { env, command }).then(
      () => expect.unreachable(),
      (error: unknown) => inspect(error, { depth: 9, showHidden: true }),
    );
    expect(await started).toMatch(/EngineError/);
    expect(await started).not.toContain('open-sesame');
  });

  test('may be asked for twice', async () => {
    const spec = await berth.spec(web);
    const id = await engine.create(spec, NEVER);
    expect(await engine.create(spec, NEVER)).toBe(id);
    await engine.start(id, NEVER);
    await engine.start(id, NEVER);
    await engine.stop(id, 0, NEVER);
    await engine.stop(id, 0, NEVER);
    await Promise.all([engine.remove(id, NEVER), engine.remove(id, NEVER), engine.remove(id, NEVER)]);
    await engine.remove(id, NEVER);
    await engine.stop(id, 0, NEVER);
  });

  test('carries its name, its labels and its limits in Docker', async () => {
    const spec = await berth.spec(web, {
      name: 'shop',
      containerId: '0123456789ab',
      revision: 7,
      instance: 'i1',
    });
    const id = await engine.create(spec, NEVER);
    const { Name, Config, HostConfig } = await docker.getContainer(id).inspect();
    expect(Name).toBe('/berth-shop-01234567-r7-i1');
    expect(Config.Labels).toMatchObject({
      'berth.installation': berth.id,
      'berth.container': '0123456789ab',
      'berth.revision': '7',
      'berth.instance': 'i1',
    });
    expect(HostConfig).toMatchObject({
      NanoCpus: 5e8,
      Memory: spec.ramBytes,
      MemorySwap: spec.ramBytes,
      PidsLimit: 4096,
      Privileged: false,
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      RestartPolicy: { Name: 'no' },
    });
    expect(HostConfig.Binds ?? []).toEqual([]);
  });

  test('knows its port as PORT unless the user says otherwise', async () => {
    const [given, own] = await Promise.all([
      berth.run(echo, { port: 8080 }),
      berth.run(echo, { port: 8080, env: { PORT: '9090', GREETING: "a 'b' $c" } }),
    ]);
    expect(await argumentsAndEnv(given, 8080)).toContain('env PORT=8080');
    const lines = await argumentsAndEnv(own, 9090);
    expect(lines).toContain('env PORT=9090');
    expect(lines).toContain("env GREETING=a 'b' $c");
  });

  test('keeps the entrypoint when only arguments are given', async () => {
    expect(await argumentsAndEnv(await berth.run(echo, { arguments: ['a b', '--c'] }))).toEqual(
      expect.arrayContaining(['argument a b', 'argument --c']),
    );
  });

  test("drops the image's arguments when only a command is given, as Kubernetes does", async () => {
    const withCmd = await imageWithCmd(web);
    const id = await berth.run(withCmd, { command: ['/bin/sh', '-c', 'echo "got $# $0"'] });
    expect((await berth.log(id)).map((line) => line.text)).toEqual(['got 0 /bin/sh']);
    await berth.engine.remove(id, NEVER);
    await docker.getImage(withCmd).remove({ force: true });
  });

  test('tells its exit code', async () => {
    const id = await berth.run(web, { command: ['/bin/sh', '-c', 'exit 42'] });
    await berth.log(id);
    await exited(id);
    expect((await berth.instance(id)).state).toMatchObject({
      kind: 'exited',
      exitCode: 42,
      outOfMemory: false,
    });
  });

  test('that takes too much memory is killed, and says so', async () => {
    const eater = await new Images(ground).memoryEater();
    await berth.pull(eater);
    const id = await berth.run(eater, { env: { EAT: 'now' }, ramBytes: 16 * 1024 * 1024 });
    await exited(id);
    expect((await berth.instance(id)).state).toMatchObject({
      kind: 'exited',
      exitCode: 137,
      outOfMemory: true,
    });
  });

  test('that is paused counts as running', async () => {
    const id = await berth.run(web);
    await docker.getContainer(id).pause();
    expect((await berth.instance(id)).state.kind).toBe('running');
    await engine.remove(id, NEVER);
  });

  test('has the time it was given before it is killed', async () => {
    const id = await berth.run(web, {
      command: ['/bin/sh', '-c', 'trap "echo leaving; exit 3" TERM; echo up; while :; do sleep 0.1; done'],
    });
    for await (const line of engine.logs(id, { since: null, tail: null, follow: true }, NEVER)) {
      if (line.text === 'up') break;
    }
    await engine.stop(id, 10_000, NEVER);
    expect((await berth.instance(id)).state).toMatchObject({ kind: 'exited', exitCode: 3 });
  });

  test("runs the distribution's nginx on port 80", async () => {
    const nginx = await new Images(ground).nginx('1', 'from nginx');
    await berth.pull(nginx);
    const { address } = await berth.instance(await berth.run(nginx));
    expect(await page(address)).toBe('from nginx\n');
  });

  test('can not gain what its capabilities and its user do not give', async () => {
    const id = await berth.run(web, {
      command: ['/bin/sh', '-c', 'grep -E "^(CapBnd|NoNewPrivs)" /proc/self/status'],
    });
    const lines = (await berth.log(id)).map((line) => line.text);
    // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID NET_BIND_SERVICE: bits 0 1 3 4 5 6 7 10.
    expect(lines).toEqual(['CapBnd:\t00000000000004fb', 'NoNewPrivs:\t1']);
  });

  test('may not take an address that another has', async () => {
    const first = await berth.spec(web);
    await engine.start(await engine.create(first, NEVER), NEVER);
    const second = await engine.create(await berth.spec(web, { address: first.address }), NEVER);
    await expect(engine.start(second, NEVER)).rejects.toMatchObject({
      name: 'EngineError',
      kind: 'address-taken',
    });
  });

  test.for([
    [['nothing-here'], 'the command "nothing-here" does not exist in the image'],
    [['/www'], /the command "\/www"/],
    [['/etc/none'], 'the command "/etc/none" does not exist in the image'],
  ] as const)('that can not be started with %j says why', async ([command, reason]) => {
    const id = await engine.create(await berth.spec(web, { command }), NEVER);
    await expect(engine.start(id, NEVER)).rejects.toMatchObject({
      kind: 'cannot-start',
      message: expect.stringMatching(reason),
    });
    expect((await berth.instance(id)).state).toEqual({ kind: 'created' });
  });

  test('of an image that is not here is not made', async () => {
    const spec = await berth.spec(`${ground.registry}/never:1`);
    await expect(engine.create(spec, NEVER)).rejects.toMatchObject({ kind: 'gone' });
    expect(await engine.findImage(spec.image, NEVER)).toBeUndefined();
    expect(await engine.findImage(image(web), NEVER)).toEqual({ fromRegistry: true });
  });

  test('that is gone is told as gone where that matters', async () => {
    const id = 'f'.repeat(64);
    await expect(engine.start(id, NEVER)).rejects.toMatchObject({ kind: 'gone' });
    await expect(engine.listeners(id, NEVER)).rejects.toMatchObject({ kind: 'gone' });
    await expect(berth.log(id)).rejects.toMatchObject({ kind: 'gone' });
  });

  async function imageWithCmd(base: string): Promise<string> {
    const container = await docker.createContainer({ Image: base });
    const changes = 'CMD ["from","the","image"]';
    await container.commit({ repo: 'with-cmd', tag: berth.id, changes });
    await container.remove();
    return `with-cmd:${berth.id}`;
  }

  async function exited(id: string): Promise<void> {
    await docker.getContainer(id).wait();
  }

  // The image serves them at the port that PORT names.
  async function argumentsAndEnv(id: string, port = 80): Promise<string[]> {
    return (await page(`${(await berth.instance(id)).address}:${port}`)).split('\n');
  }
});

/** Asks until the program in the container listens. */
async function page(address: string | null): Promise<string> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await (await fetch(`http://${address}/`)).text();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(20);
    }
  }
}
