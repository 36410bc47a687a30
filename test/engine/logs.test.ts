import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { Installation, NEVER } from './installation.ts';
import { Relay } from './relay.ts';

describeWithEngine("an instance's log", (ground) => {
  const berth = new Installation(ground.dockerHost);
  let chatty: string;

  beforeAll(async () => {
    chatty = await new Images(ground).chatty();
    await berth.pull(chatty);
  });
  afterAll(() => berth[Symbol.asyncDispose]());

  const run = (script: string) => berth.run(chatty, { command: ['/bin/sh', '-c', script] });

  test('gives every line of both streams once, with its time', async () => {
    const id = await run('for i in $(seq 500); do echo "out $i"; echo "err $i" >&2; done');
    const lines = await berth.log(id);
    for (const [stream, word] of [
      ['stdout', 'out'],
      ['stderr', 'err'],
    ] as const) {
      const texts = lines.filter((line) => line.stream === stream).map((line) => line.text);
      expect(texts).toEqual(Array.from({ length: 500 }, (_, i) => `${word} ${i + 1}`));
    }
    for (const line of lines) expect(line.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  });

  test('ends where it is when it is not followed', async () => {
    const id = await berth.run(chatty, { env: { COUNT: '3' } });
    await expect.poll(() => berth.log(id, { follow: false })).toHaveLength(6);
    const last = await berth.log(id, { follow: false, tail: 2 });
    expect(last).toEqual((await berth.log(id, { follow: false })).slice(-2));
  });

  test('begins with the very line of a timestamp', async () => {
    const id = await run('for i in 1 2 3 4 5; do echo "line $i"; done');
    const all = await berth.log(id);
    const since = all[2]?.timestamp ?? '';
    expect(await berth.log(id, { since })).toEqual(all.slice(2));
  });

  test('puts together a line longer than an entry of the journal, and cuts one beyond 64 KiB', async () => {
    const id = await run(
      `head -c 50000 /dev/zero | tr '\\0' a; echo; head -c 150000 /dev/zero | tr '\\0' b; echo; printf end`,
    );
    // What ends without a line feed is in the journal a moment after its writer is gone.
    await expect.poll(async () => (await berth.log(id)).at(-1)?.text).toBe('end');
    const texts = (await berth.log(id)).map((line) => line.text);
    expect(texts.map((text) => text.length)).toEqual([50_000, 65_536, 65_536, 150_000 - 2 * 65_536, 3]);
  });

  test('bears every byte', async () => {
    const id = await run(`printf 'caf\\303\\251 \\377\\r\\n\\n\\033[31mred\\n'`);
    expect((await berth.log(id)).map((line) => line.text)).toEqual(['café \ufffd', '', '\u001b[31mred']);
  });

  test('is read no faster than it is taken, and its stream is closed when the loop is left', async () => {
    await using relay = await Relay.start(ground.dockerHost);
    await using reader = new Installation(relay.dockerHost);
    const id = await reader.run(chatty, { env: { COUNT: '10000', WIDTH: '1000' } });
    await expect
      .poll(async () => (await reader.log(id, { follow: false, tail: 1 }))[0]?.text)
      .toMatch(/10000x/);
    relay.received = 0;
    let taken = 0;
    for await (const line of reader.engine.logs(id, { since: null, tail: null, follow: true }, NEVER)) {
      if (line.text !== '' && ++taken === 100) break;
      await idle();
    }
    // Twenty megabytes are there to be read; what is on its way fits into the buffers of the two sockets.
    expect(relay.received).toBeLessThan(2 * 1024 * 1024);
    await expect.poll(() => relay.open).toBe(0);
  });

  test('ends with the reason when it is aborted, and its stream is closed', async () => {
    await using relay = await Relay.start(ground.dockerHost);
    await using reader = new Installation(relay.dockerHost);
    const id = await reader.run(chatty, { env: { COUNT: '1' } });
    const controller = new AbortController();
    const read = async () => {
      const whole = { since: null, tail: null, follow: true };
      for await (const line of reader.engine.logs(id, whole, controller.signal)) {
        if (line.text === 'err 1') controller.abort(new Error('enough'));
      }
    };
    await expect(read()).rejects.toThrow('enough');
    await expect.poll(() => relay.open).toBe(0);
  });

  test('fails where the instance is not there', async () => {
    await expect(berth.log('0'.repeat(64))).rejects.toMatchObject({ kind: 'gone' });
  });
});

/** Lets the event loop go round, in which a reader that doesn't hold back would take more. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
