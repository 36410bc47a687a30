import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { TestDaemon } from '../support/daemon.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { REGISTRY_USER } from '../support/registry.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describeWithEngine('an image that can’t serve', (ground) => {
  const images = new Images(ground);
  const locked = new Images(ground, { auth: true });
  let berth: TestDaemon;

  beforeAll(async () => {
    berth = await TestDaemon.start({ dockerHost: ground.dockerHost, env: { BERTH_START_TIMEOUT: '4s' } });
    return () => berth[Symbol.asyncDispose]();
  });

  const broken: readonly { what: string; image: () => Promise<string>; reason: RegExp; more?: object }[] = [
    { what: 'does not exist', image: async () => images.missing(), reason: /does not exist/ },
    { what: 'may not be pulled', image: () => locked.web('1', 'secret'), reason: /refused|denied/ },
    {
      what: 'is in a registry that does not answer',
      image: async () => '127.0.0.1:1/web:1',
      reason: /registry .*(answer|reach)/,
    },
    {
      what: 'is built for another processor',
      image: () => images.wrongArchitecture(),
      reason: /is built for \w+/,
    },
    {
      what: 'exits at once',
      image: () => images.exits(3, 'no database'),
      reason: /exited with code 3: no database/,
    },
    {
      what: 'never listens',
      image: () => images.silent(),
      reason: /port 80 did not answer within 4s: nothing listens/,
    },
    {
      what: 'listens on another port',
      image: () => images.web('8080', 'x'),
      reason: /listens on 8080: set "port"/,
      more: { env: { PORT: '8080' } },
    },
    {
      what: 'can’t run its command',
      image: () => images.web('1', 'x'),
      reason: /no-such-program/,
      more: { command: ['/no-such-program'] },
    },
    {
      what: 'fails its health check',
      image: () => images.web('1', 'x'),
      reason: /GET \/nope .*404/,
      more: { healthPath: '/nope' },
    },
  ];

  test.concurrent.each(broken)(
    '$what: failed, with a reason that says so',
    async ({ image, reason, more }) => {
      const { id } = await berth.create({ image: await image(), ...more });
      const container = await berth.settled(id);
      expect(container).toMatchObject({ status: 'failed', statusReason: expect.stringMatching(reason) });
      expect(container).toMatchObject({ urls: null, servingRevision: null });
    },
  );

  test('leaves nothing behind in Docker', async () => {
    await berth.untilNothingRuns();
  });

  test('leaves the last lines of its log to read', async () => {
    const { id } = await berth.create({ image: await images.exits(4, 'the last word') });
    await berth.settled(id);
    await expect.poll(() => berth.instances(id), { timeout: 30_000 }).toEqual([]);
    const log = await (await berth.api(`/v1/containers/${id}/logs?follow=false`)).text();
    expect(log).toMatch(/event: stderr\nid: .+\ndata: the last word\n/);
    // A revision that failed has no more to say: following it ends.
    expect(await (await berth.api(`/v1/containers/${id}/logs?revision=1`)).text()).toContain(
      'data: the last word',
    );
    expect(await (await berth.api(`/v1/containers/${id}/logs?follow=false&tail=0`)).text()).not.toContain(
      'data:',
    );
  });

  test('does not take the working revision with it', async () => {
    const working = await berth.deploy({ image: await images.web('ok', 'still here') });
    await berth.send('PUT', `/v1/containers/${working.id}`, { image: images.missing() });
    const failed = await berth.settled(working.id);
    expect(failed).toMatchObject({ status: 'failed', revision: 2, servingRevision: 1 });
    expect(await berth.fetch(failed)).toMatchObject({
      status: 200,
      body: expect.stringContaining('still here'),
    });
  });
});

describeWithEngine('an image that listens on loopback only', (ground) => {
  test('fails before the start deadline, and says what to do', async () => {
    await using berth = await TestDaemon.start({
      dockerHost: ground.dockerHost,
      env: { BERTH_START_TIMEOUT: '5m' },
    });
    const { id } = await berth.create({ image: await new Images(ground).loopback() });
    const container = await berth.settled(id);
    expect(container).toMatchObject({
      status: 'failed',
      statusReason: expect.stringMatching(/loopback.*0\.0\.0\.0/),
    });
    await berth.untilNothingRuns();
  });
});

describeWithEngine('a registry that wants a password', (ground) => {
  test('is pulled from with the credentials of the host’s Docker config', async () => {
    await using folder = await temporaryFolder();
    const auth = Buffer.from(`${REGISTRY_USER.username}:${REGISTRY_USER.password}`).toString('base64');
    await writeFile(
      join(folder.path, 'config.json'),
      JSON.stringify({ auths: { [ground.authRegistry]: { auth } } }),
    );
    await using berth = await TestDaemon.start({ ...ground, env: { DOCKER_CONFIG: folder.path } });
    const container = await berth.deploy({
      image: await new Images(ground, { auth: true }).web('1', 'for friends'),
    });
    expect(await berth.fetch(container)).toMatchObject({
      status: 200,
      body: expect.stringContaining('for friends'),
    });
    expect(await berth.log()).not.toContain(REGISTRY_USER.password);
  });
});
