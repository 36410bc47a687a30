import { beforeAll, expect, test } from 'vitest';
import { TestDaemon } from '../support/daemon.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';

describeWithEngine('the main job', (ground) => {
  const images = new Images(ground);
  let berth: TestDaemon;

  beforeAll(async () => {
    berth = await TestDaemon.start({ dockerHost: ground.dockerHost });
    return () => berth[Symbol.asyncDispose]();
  });

  test('an image in, a URL out, updated, and gone without leftovers', async () => {
    const first = await berth.deploy({ image: await images.nginx('1.0', 'first') });
    expect(await berth.fetch(first)).toMatchObject({ status: 200, body: expect.stringContaining('first') });

    const [before] = await berth.instances();
    await berth.send('PUT', `/v1/containers/${first.id}`, { image: await images.nginx('2.0', 'second') });
    const second = await berth.until(first.id, ({ servingRevision }) => servingRevision === 2);
    expect(second).toMatchObject({ status: 'deployed', statusReason: null, urls: first.urls });
    expect(await berth.fetch(second)).toMatchObject({ status: 200, body: expect.stringContaining('second') });
    await berth.send('PUT', `/v1/containers/${first.id}`, { env: { FOO: 'bar' } });
    await berth.until(first.id, ({ servingRevision }) => servingRevision === 3);

    const revisions = JSON.parse(await (await berth.api(`/v1/containers/${first.id}/revisions`)).text());
    expect(revisions.items.map((one: { revisionNumber: number }) => one.revisionNumber)).toEqual([3, 2, 1]);

    expect((await berth.api(`/v1/containers/${first.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await berth.api(`/v1/containers/${first.id}`)).status).toBe(404);
    await berth.untilNothingRuns();
    expect((await berth.fetch(second)).status).toBe(404);
    expect(before?.State).toBe('running');
  });
});
