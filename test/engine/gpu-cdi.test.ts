import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CDI_DEVICES, type CdiEngine, startCdiEngine } from '../support/cdi.ts';
import { Images } from '../support/images.ts';
import { describeWithStarted, type NewerVersion } from '../support/newer-engines.ts';
import { Installation, NEVER } from './installation.ts';

const [FIRST, SECOND, UNKNOWN] = [gpu(), gpu(), gpu()];
const LOOK = ['/bin/sh', '-c', `ls ${CDI_DEVICES} 2>/dev/null; echo visible $NVIDIA_VISIBLE_DEVICES`];

await describeOn('26.1', (start) => {
  test('where CDI turns out not to know a GPU, the next instance gets it from the nvidia driver', async () => {
    const { engine, hook, cdi, berth, web } = start();
    await expect(berth.run(web, { gpus: [UNKNOWN] })).rejects.toMatchObject({ kind: 'refused' });
    const id = await berth.run(web, { gpus: [UNKNOWN] });
    expect(await hook.toldFor(id)).toEqual([UNKNOWN]);
    // Another engine may know it: CDI is tried again.
    await cdi.describe([FIRST, SECOND, UNKNOWN]);
    await berth.engine.remove(id, NEVER);
    await engine.kill('SIGTERM');
    await expect(berth.engine.info(NEVER)).rejects.toMatchObject({ kind: 'unavailable' });
    await engine.restart();
    await berth.network();
    expect(await seen(berth, web, [UNKNOWN])).toEqual([UNKNOWN, 'visible void']);
  });
});

await describeOn('28.5', (start) => {
  test('GPUs that CDI does not know come from the nvidia driver, until it knows them', async () => {
    const { hook, cdi, berth, web } = start();
    const id = await berth.run(web, { gpus: [FIRST, UNKNOWN] });
    expect(await hook.toldFor(id)).toEqual([FIRST, UNKNOWN]);
    await cdi.describe([FIRST, SECOND, UNKNOWN]);
    await expect.poll(() => seen(berth, web, [UNKNOWN])).toEqual([UNKNOWN, 'visible void']);
  });
});

interface Started extends CdiEngine {
  readonly berth: Installation;
  readonly web: string;
}

async function describeOn(version: NewerVersion, more: (start: () => Started) => void): Promise<void> {
  const ground = inject('ground');
  if (!ground.available) return;
  const start = () => startCdiEngine(version, [FIRST, SECOND]);
  await describeWithStarted(version, `GPUs through CDI on Docker Engine ${version}`, start, (own) => {
    let berth: Installation;
    let web: string;

    beforeAll(async () => {
      berth = new Installation(own().engine.dockerHost);
      web = await new Images(ground).web(`cdi-${version}`, 'hello');
      await Promise.all([berth.pull(web), berth.network()]);
    });
    afterAll(() => berth[Symbol.asyncDispose]());

    test('an instance sees exactly its cards', async () => {
      const given = [[FIRST], [SECOND], [SECOND, FIRST]];
      const found = await Promise.all(given.map((gpus) => seen(berth, web, gpus)));
      expect(found).toEqual(given.map((gpus) => [...gpus.toSorted(), 'visible void']));
    });

    test("whatever the user's environment says, and none where it has none", async () => {
      const env = { NVIDIA_VISIBLE_DEVICES: 'all' };
      expect(await seen(berth, web, [FIRST], env)).toEqual([FIRST, 'visible void']);
      expect(await seen(berth, web, [], env)).toEqual(['visible void']);
      expect(await own().hook.calls()).toEqual([]);
    });

    test('a loss is not seen where the image has no nvidia-smi, and that is no error', async () => {
      const id = await berth.run(web, { gpus: [FIRST] });
      expect(await berth.engine.gpuFault(id, NEVER)).toBeUndefined();
      await berth.engine.remove(id, NEVER);
    });

    more(() => ({ ...own(), berth, web }));
  });
}

/** The GPUs that an instance finds, by the device files that it got, and what its environment says. */
async function seen(
  berth: Installation,
  web: string,
  gpus: readonly string[],
  env: Record<string, string> = {},
): Promise<readonly string[]> {
  const lines = await berth.log(await berth.run(web, { gpus, env, command: LOOK }));
  return lines.map((line) => line.text);
}

function gpu(): string {
  return `GPU-${randomUUID()}`;
}
