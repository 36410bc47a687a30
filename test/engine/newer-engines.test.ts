import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { LogLine } from '../../src/domain/log-line.ts';
import type { EngineErrorKind } from '../../src/engine/engine.ts';
import { formatIpv4 } from '../../src/engine/ipv4.ts';
import { Images } from '../support/images.ts';
import { describeWithNewerEngine, type NewerVersion } from '../support/newer-engines.ts';
import { Installation, image, NEVER } from './installation.ts';
import { Relay } from './relay.ts';

const API = { '26.1': '1.45', '28.5': '1.51' } as const satisfies Record<NewerVersion, string>;

await describeOn('26.1');
await describeOn('28.5');

async function describeOn(version: NewerVersion): Promise<void> {
  const ground = inject('ground');
  if (!ground.available) return;
  const images = new Images(ground);

  await describeWithNewerEngine(version, `Docker Engine ${version}`, (engine) => {
    let berth: Installation;
    let web: string;
    let chatty: string;

    beforeAll(async () => {
      berth = new Installation(engine().dockerHost);
      [web, chatty] = [await images.web(version, 'hello'), await images.chatty()];
    });
    afterAll(() => berth[Symbol.asyncDispose]());

    test('is spoken to in the newest API that both know', async () => {
      const info = await berth.engine.info(NEVER);
      expect(info).toMatchObject({ apiVersion: API[version], storageLimit: 'watch' });
      expect(info.version.startsWith(version)).toBe(true);
    });

    test('pulls, runs within limits at the address given, stops and removes', async () => {
      await berth.pull(web);
      expect(await berth.engine.findImage(image(web), NEVER)).toEqual({ fromRegistry: true });
      const spec = await berth.spec(web, { cpu: 0.5, ramBytes: 32 * 1024 * 1024 });
      const events = await berth.engine.events(NEVER);
      const id = await berth.engine.create(spec, NEVER);
      await berth.engine.start(id, NEVER);
      const { HostConfig } = await engine().docker.getContainer(id).inspect();
      expect(HostConfig).toMatchObject({ NanoCpus: 5e8, Memory: spec.ramBytes, PidsLimit: 4096 });
      const address = formatIpv4(spec.address);
      expect(await berth.instance(id)).toMatchObject({ address, state: { kind: 'running' } });
      await expect.poll(() => berth.engine.listeners(id, NEVER)).toEqual([{ port: 80, loopbackOnly: false }]);
      expect(await (await fetch(`http://${address}/`)).text()).toBe('hello\n');
      await berth.engine.stop(id, 10_000, NEVER);
      expect((await berth.instance(id)).state).toMatchObject({ kind: 'exited', exitCode: 0 });
      await Promise.all([berth.engine.remove(id, NEVER), berth.engine.remove(id, NEVER)]);
      const seen = [];
      for await (const event of events) {
        seen.push(event.action);
        if (event.action === 'remove') break;
      }
      expect(seen).toEqual(['start', 'exit', 'remove']);
      expect(await berth.engine.instances(null, NEVER)).toEqual([]);
    });

    test('streams both outputs, long lines whole', async () => {
      await berth.pull(chatty);
      const script = `echo out; echo err >&2; head -c 100000 /dev/zero | tr '\\0' a; echo`;
      const id = await berth.run(chatty, { command: ['/bin/sh', '-c', script] });
      const lines = await berth.log(id);
      const out = lines.filter((line) => line.stream === 'stdout').map((line) => line.text.length);
      expect(out).toEqual([3, 65_536, 100_000 - 65_536]);
      expect(lines.filter((line) => line.stream === 'stderr').map((line) => line.text)).toEqual(['err']);
      const since = lines[1]?.timestamp ?? '';
      const resumed = (await berth.log(id, { since })).map(summary);
      expect(resumed).toEqual(
        expect.arrayContaining(lines.filter((line) => line.timestamp >= since).map(summary)),
      );
    });

    test.for([
      ['is not there', () => images.missing(), 'image-missing'],
      ['is for another kind of machine', () => images.wrongArchitecture(), 'image-architecture'],
      ['needs credentials', () => new Images(ground, { auth: true }).web('1', 'x'), 'image-denied'],
      ['is in a registry that nothing answers for', () => '127.0.0.1:1/x:1', 'registry-unreachable'],
    ] satisfies [string, () => string | Promise<string>, EngineErrorKind][])(
      'says that an image %s',
      async ([, reference, kind]) => {
        await expect(berth.pull(await reference())).rejects.toMatchObject({ name: 'EngineError', kind });
      },
    );

    test('says why an instance can not be started', async () => {
      const none = await berth.engine.create(await berth.spec(web, { command: ['nothing-here'] }), NEVER);
      await expect(berth.engine.start(none, NEVER)).rejects.toMatchObject({
        kind: 'cannot-start',
        message: 'the command "nothing-here" does not exist in the image',
      });
      const first = await berth.spec(web);
      await berth.engine.start(await berth.engine.create(first, NEVER), NEVER);
      const second = await berth.engine.create(await berth.spec(web, { address: first.address }), NEVER);
      await expect(berth.engine.start(second, NEVER)).rejects.toMatchObject({ kind: 'address-taken' });
    });

    test('lets no instance reach another', async () => {
      const serving = await berth.spec(web);
      await berth.engine.start(await berth.engine.create(serving, NEVER), NEVER);
      const url = `http://${formatIpv4(serving.address)}/`;
      const command = ['/bin/sh', '-c', `wget -q -T 2 -O - ${url} && echo reached || echo failed`];
      const lines = await berth.log(await berth.run(web, { command }));
      expect(lines.filter((line) => line.stream === 'stdout').map((line) => line.text)).toEqual(['failed']);
    });

    test('may take the place of another engine while berth runs', async () => {
      await using relay = await Relay.start(ground.dockerHost);
      await using moving = new Installation(relay.dockerHost);
      const { apiVersion } = await moving.engine.info(NEVER);
      relay.target = engine().dockerHost;
      expect(await moving.engine.instances(null, NEVER)).toEqual([]);
      expect((await moving.engine.info(NEVER)).apiVersion).toBe(API[version]);
      relay.target = ground.dockerHost;
      // An older engine refuses the newer API, and is asked again in its own.
      expect(await moving.engine.instances(null, NEVER)).toEqual([]);
      expect((await moving.engine.info(NEVER)).apiVersion).toBe(apiVersion);
    });
  });
}

function summary(line: LogLine): string {
  return `${line.stream} ${line.timestamp} ${line.text.length}`;
}
