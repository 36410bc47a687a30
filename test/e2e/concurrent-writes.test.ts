import { beforeAll, expect, test } from 'vitest';
import { TestDaemon } from '../support/daemon.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';

describeWithEngine('writes at the same time', (ground) => {
  const images = new Images(ground);
  let berth: TestDaemon;

  beforeAll(async () => {
    berth = await TestDaemon.start(ground);
    return () => berth[Symbol.asyncDispose]();
  });

  test('a hundred PUTs get revisions without a gap, and one instance of the last lives', async () => {
    const container = await berth.deploy({ image: await images.echo() });
    const puts = Array.from({ length: 100 }, (_, n) =>
      berth.send('PUT', `/v1/containers/${container.id}`, { env: { NUMBER: String(n) } }),
    );
    const numbers = (await Promise.all(puts)).map(({ revision }) => revision);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n + 2));

    const last = await berth.until(container.id, ({ servingRevision }) => servingRevision === 101);
    const { body } = await berth.fetch(last);
    expect(body).toContain(`env NUMBER=${numbers.indexOf(101)}`);
    await expect.poll(async () => (await berth.instances(container.id)).length, { timeout: 30_000 }).toBe(1);
  });

  test('PUT against DELETE leaves nothing behind', async () => {
    const container = await berth.deploy({ image: await images.echo('2') });
    const put = () =>
      berth.api(`/v1/containers/${container.id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
    const deleted = berth.api(`/v1/containers/${container.id}`, { method: 'DELETE' });
    const puts = await Promise.all([put(), put(), put(), put()]);
    expect((await deleted).status).toBe(204);
    for (const { status } of puts) expect([200, 404]).toContain(status);
    expect((await berth.api(`/v1/containers/${container.id}`)).status).toBe(404);
    await expect.poll(() => berth.instances(container.id), { timeout: 40_000 }).toEqual([]);
    await expect.poll(async () => (await berth.fetch(container)).status).toBe(404);
  });

  test('two containers of one image are pulled and deployed side by side', async () => {
    const image = await images.web('shared', 'shared');
    const [one, two] = await Promise.all([
      berth.deploy({ image, name: 'one' }),
      berth.deploy({ image, name: 'two' }),
    ]);
    expect(await berth.fetch(one)).toMatchObject({ status: 200 });
    expect(await berth.fetch(two)).toMatchObject({ status: 200 });
    expect(one.urls).not.toEqual(two.urls);
  });
});
