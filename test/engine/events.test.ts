import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineEvent } from '../../src/engine/engine.ts';
import { dockerAt } from '../support/engine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { Installation, NEVER } from './installation.ts';
import { Relay } from './relay.ts';

describeWithEngine("the engine's events", (ground) => {
  const docker = dockerAt(ground.dockerHost);
  const berth = new Installation(ground.dockerHost);
  const { engine } = berth;
  let web: string;

  beforeAll(async () => {
    web = await new Images(ground).web('1', 'hello');
    await berth.pull(web);
  });
  afterAll(() => berth[Symbol.asyncDispose]());

  test("tell what happens to this installation's instances, from the moment of subscribing", async () => {
    const events = await engine.events(NEVER);
    const other = new Installation(ground.dockerHost);
    await other.run(web);
    const id = await berth.run(web, { containerId: 'c1' });
    await docker.getContainer(id).pause();
    await docker.getContainer(id).unpause();
    await engine.stop(id, 0, NEVER);
    await engine.remove(id, NEVER);
    const seen = await until(events, (event) => event.action === 'remove');
    const about = { containerId: 'c1', instanceId: id };
    expect(seen).toEqual(
      ['start', 'other', 'other', 'exit', 'remove'].map((action) => ({ ...about, action })),
    );
    await other[Symbol.asyncDispose]();
  });

  test('tell of a lack of memory before the end that it brings', async () => {
    const eater = await new Images(ground).memoryEater();
    await berth.pull(eater);
    const events = await engine.events(NEVER);
    await berth.run(eater, { env: { EAT: 'now' }, ramBytes: 16 * 1024 * 1024 });
    const actions = (await until(events, (event) => event.action === 'exit')).map((event) => event.action);
    expect(new Set(actions)).toEqual(new Set(['start', 'out-of-memory', 'exit']));
  });

  test('close their stream when the loop is left', async () => {
    await using relay = await Relay.start(ground.dockerHost);
    await using watching = new Installation(relay.dockerHost);
    const events = await watching.engine.events(NEVER);
    await watching.run(web);
    await until(events, () => true);
    await expect.poll(() => relay.open).toBe(0);
  });

  test('end with the reason when they are aborted', async () => {
    const controller = new AbortController();
    const events = await engine.events(controller.signal);
    const read = until(events, () => false);
    controller.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
  });
});

/** The events up to the first that is meant; leaves the loop there. */
async function until(
  events: AsyncIterable<EngineEvent>,
  last: (event: EngineEvent) => boolean,
): Promise<EngineEvent[]> {
  const seen: EngineEvent[] = [];
  for await (const event of events) {
    seen.push(event);
    if (last(event)) break;
  }
  return seen;
}
