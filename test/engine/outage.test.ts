import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine as BerthEngine } from '../../src/engine/engine.ts';
import { type Engine, startEngine } from '../support/engine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { Installation, image, NEVER } from './installation.ts';

const SHORT = { info: 500, read: 500, change: 500, stopMargin: 500, pullStall: 500 };

/** Every call that asks the engine once. */
const CALLS: Record<string, (engine: BerthEngine, signal: AbortSignal) => Promise<unknown>> = {
  info: (engine, signal) => engine.info(signal),
  prepareNetwork: (engine, signal) => engine.prepareNetwork(signal),
  findImage: (engine, signal) => engine.findImage(image('web:1'), signal),
  pull: (engine, signal) => engine.pull(image('127.0.0.1:1/web:1'), () => undefined, signal),
  instances: (engine, signal) => engine.instances(null, signal),
  start: (engine, signal) => engine.start('f'.repeat(64), signal),
  stop: (engine, signal) => engine.stop('f'.repeat(64), 0, signal),
  remove: (engine, signal) => engine.remove('f'.repeat(64), signal),
  listeners: (engine, signal) => engine.listeners('f'.repeat(64), signal),
  gpuUse: (engine, signal) => engine.gpuUse(signal),
  gpuFault: (engine, signal) => engine.gpuFault('f'.repeat(64), signal),
  storageUse: (engine, signal) => engine.storageUse(signal),
  events: (engine, signal) => engine.events(signal),
};

describeWithEngine('an engine that is away', (ground) => {
  let own: Engine;
  let web: string;

  beforeAll(async () => {
    own = await startEngine();
    web = await new Images(ground).web('1', 'hello');
  });
  afterAll(() => own[Symbol.asyncDispose]());

  test('and stopped answers nothing: every call ends at its deadline, and all is well when it goes on', async () => {
    const berth = new Installation(own.dockerHost, { deadlines: SHORT });
    const before = await berth.engine.info(NEVER);
    await own.kill('SIGSTOP');
    const unavailable = { name: 'EngineError', kind: 'unavailable' };
    await Promise.all(
      Object.values(CALLS).map((call) =>
        expect(call(berth.engine, NEVER)).rejects.toMatchObject(unavailable),
      ),
    );
    await own.kill('SIGCONT');
    await expect.poll(() => berth.engine.info(NEVER)).toEqual(before);
    await berth[Symbol.asyncDispose]();
  });

  test('and stopped keeps no call that is aborted', async () => {
    const berth = new Installation(own.dockerHost);
    await own.kill('SIGSTOP');
    const controller = new AbortController();
    const calls = Object.values(CALLS).map((call) => call(berth.engine, controller.signal));
    const rejected = Promise.all(calls.map((call) => expect(call).rejects.toThrow('no longer wanted')));
    controller.abort(new Error('no longer wanted'));
    await rejected;
    await own.kill('SIGCONT');
    await berth[Symbol.asyncDispose]();
  });

  test('ends the streams that are open when it dies, and its instances are found again', async () => {
    const berth = new Installation(own.dockerHost);
    await berth.pull(web);
    const id = await berth.run(web);
    const events = await berth.engine.events(NEVER);
    const read = async () => {
      for await (const event of events) expect(event.instanceId).toBe(id);
    };
    const follow = async () => {
      for await (const line of berth.engine.logs(id, { since: null, tail: null, follow: true }, NEVER)) {
        expect(line.text).toMatch(/^web: /);
      }
    };
    const broken = Promise.all(
      [read(), follow()].map((stream) => expect(stream).rejects.toMatchObject({ kind: 'unavailable' })),
    );
    await own.kill('SIGKILL');
    await broken;
    await expect(berth.engine.instances(null, NEVER)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('is Docker running?'),
    });
    await own.restart();
    expect(await berth.engine.instances(null, NEVER)).toMatchObject([{ id }]);
    await berth[Symbol.asyncDispose]();
  });

  test('rejects what is under way when berth closes it', async () => {
    const berth = new Installation(own.dockerHost);
    const events = await berth.engine.events(NEVER);
    berth.engine[Symbol.dispose]();
    const read = async () => {
      for await (const event of events) expect(event).toBeUndefined();
    };
    await expect(read()).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(berth.engine.info(NEVER)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('and never was there is named', async () => {
    const berth = new Installation('unix:///nonexistent/docker.sock');
    await expect(berth.engine.info(NEVER)).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'the container engine at /nonexistent/docker.sock does not answer: is Docker running?',
    });
  });

  test('and in whose place something else answers is no engine', async () => {
    const server = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address !== 'string' ? address.port : 0;
    const berth = new Installation(`tcp://127.0.0.1:${port}`);
    await expect(berth.engine.info(NEVER)).rejects.toMatchObject({
      name: 'EngineError',
      message: expect.stringMatching(/is not a Docker Engine/),
    });
    server.close();
  });
});
