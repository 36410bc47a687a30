import { beforeAll, expect, test } from 'vitest';
import { TestDaemon } from '../support/daemon.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';

describeWithEngine('while the engine is away', (ground) => {
  let engine: Engine;
  let images: Images;
  let berth: TestDaemon;

  beforeAll(async () => {
    engine = await startEngine();
    images = new Images({ ...ground, dockerHost: engine.dockerHost });
    berth = await TestDaemon.start({ dockerHost: engine.dockerHost });
    return async () => {
      await berth[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    };
  });

  test('what is deployed meanwhile waits, says for what, and comes up when it is back', async () => {
    const image = await images.web('1', 'after the engine');
    await engine.kill('SIGKILL');
    const { id } = await berth.create({ image });
    const waiting = await berth.until(id, ({ statusReason }) => statusReason !== null);
    expect(waiting).toMatchObject({
      status: 'deploying',
      statusReason: expect.stringMatching(/does not answer.*trying again/),
    });
    await engine.restart();
    expect(await berth.settled(id)).toMatchObject({ status: 'deployed' });
  });

  test('what ran comes back with it, and no request reaches another’s container', async () => {
    const [one, two] = await Promise.all([
      berth.deploy({ image: await images.web('one', 'this is one'), name: 'one' }),
      berth.deploy({ image: await images.web('two', 'this is two'), name: 'two' }),
    ]);
    await engine.kill('SIGTERM');
    const away = await berth.until(one.id, ({ statusReason }) => statusReason !== null);
    expect(away).toMatchObject({
      status: 'deployed',
      statusReason: expect.stringMatching(/does not answer/),
    });
    await engine.restart();
    for (const [container, text] of [
      [one, 'this is one'],
      [two, 'this is two'],
    ] as const) {
      const answers: string[] = [];
      const answered = async () => {
        const { status, body } = await berth.fetch(container);
        if (status === 200) answers.push(body.trim());
        return status;
      };
      await expect.poll(answered, { timeout: 40_000 }).toBe(200);
      expect(answers).toEqual(answers.map(() => text));
    }
    await berth.until(one.id, ({ status, statusReason }) => status === 'deployed' && statusReason === null);
    expect((await berth.log()).match(/the engine does not answer/g)).toHaveLength(2);
  });

  test('a stopped engine holds up neither the API nor the traffic', async () => {
    const container = await berth.deploy({ image: await images.web('3', 'goes on') });
    await engine.kill('SIGSTOP');
    try {
      const { id } = await berth.create({ image: images.missing() });
      expect(await berth.fetch(container)).toMatchObject({ status: 200 });
      expect((await berth.api(`/v1/containers/${id}`)).status).toBe(200);
      expect((await berth.api(`/v1/containers/${id}`, { method: 'DELETE' })).status).toBe(204);
    } finally {
      await engine.kill('SIGCONT');
    }
    await berth.until(container.id, ({ status }) => status === 'deployed');
  });
});
