import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { EngineErrorKind } from '../../src/engine/engine.ts';
import { Images } from '../support/images.ts';
import { describeWithNewerEngine } from '../support/newer-engines.ts';
import { Installation, image, NEVER } from './installation.ts';

const ground = inject('ground');
const NAME = "an engine with containerd's image store, which Docker 29 has from the start";

if (ground.available) {
  const images = new Images(ground);

  await describeWithNewerEngine('28.5', NAME, (engine) => {
    let berth: Installation;
    beforeAll(async () => {
      const config = { features: { 'containerd-snapshotter': true } };
      await writeFile(join(engine().folder, 'daemon.json'), JSON.stringify(config));
      await engine().kill('SIGTERM');
      await engine().restart();
      berth = new Installation(engine().dockerHost);
    });
    afterAll(() => berth[Symbol.asyncDispose]());

    test('pulls with progress, runs and measures', async () => {
      expect(await berth.engine.info(NEVER)).toMatchObject({
        storageDriver: 'overlayfs',
        storageLimit: 'watch',
      });
      const web = await images.web('containerd', 'hello');
      const seen: (number | null)[] = [];
      await berth.engine.pull(image(web), (percent) => seen.push(percent), NEVER);
      // A small layer may be here before the engine tells its size.
      expect([null, 100]).toContain(seen.at(-1));
      expect(await berth.engine.findImage(image(web), NEVER)).toEqual({ fromRegistry: true });
      const id = await berth.run(web);
      expect(await berth.instance(id)).toMatchObject({ state: { kind: 'running' } });
      await expect.poll(async () => (await berth.engine.storageUse(NEVER)).get(id)).toBeGreaterThan(0);
    });

    test.for([
      ['is not there', () => images.missing(), 'image-missing'],
      ['is for another kind of machine', () => images.wrongArchitecture(), 'image-architecture'],
      ['needs credentials', () => new Images(ground, { auth: true }).web('1', 'x'), 'image-denied'],
      ['is in a registry that nothing answers for', () => '127.0.0.1:1/x:1', 'registry-unreachable'],
      ['is in a registry of no such name', () => 'registry.invalid/x:1', 'registry-unreachable'],
    ] satisfies [string, () => string | Promise<string>, EngineErrorKind][])(
      'says that an image %s',
      async ([, reference, kind]) => {
        await expect(berth.pull(await reference())).rejects.toMatchObject({ name: 'EngineError', kind });
      },
    );
  });
}
