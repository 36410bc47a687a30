import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { EventSourceMessage } from 'eventsource-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWithEngine } from '../support/ground.ts';
import { LogServer } from './log-server.ts';
import { type StreamClient, texts } from './stream-client.ts';

const ALL = { tail: 'all', follow: 'false' };
const WAIT = 'exec sleep 100000';
/** Waits until it is told to stop, and says so. */
const UNTIL_TERM = `trap 'echo bye; exit' TERM; while :; do sleep 0.05; done`;

describeWithEngine("a container's log over HTTP", (ground) => {
  let server: LogServer;

  beforeAll(async () => {
    server = await LogServer.start(ground);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const read = async (id: string, query: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    await (await server.stream(id, { ...ALL, ...query }, headers)).rest();

  /** The whole log of a script that has ended. */
  const written = async (script: string) => {
    const { id, instance } = await server.running(script);
    await server.exited(instance);
    return { id, events: await read(id) };
  };

  describe('the stream', () => {
    test('gives one event a line, with its output, its time and its text', async () => {
      const { events } = await written('echo one; echo two >&2; echo; echo "  four "');
      const stdout = events.filter(({ event }) => event === 'stdout');
      expect(texts(stdout)).toEqual(['one', '', '  four ']);
      expect(texts(events.filter(({ event }) => event === 'stderr'))).toEqual(['two']);
      for (const { id } of events) expect(id).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z(~\d+)?$/);
    });

    test('is sent as an event stream that nobody stores or holds back', async () => {
      const { id } = await server.running(WAIT);
      const { headers, status, body } = await server.ask(`${id}/logs`);
      expect(status).toBe(200);
      expect(headers.get('Content-Type')).toBe('text/event-stream');
      expect(headers.get('Cache-Control')).toBe('no-store');
      expect(headers.get('X-Accel-Buffering')).toBe('no');
      await body?.cancel();
    });

    test('keeps carriage returns, control characters and long lines within their events', async () => {
      const { events } = await written(
        `printf '10%%\\r100%%\\r\\n\\033[31mred\\n'; head -c 150000 /dev/zero | tr '\\0' b; echo; echo end`,
      );
      const [progress, red, ...rest] = events;
      expect(texts([progress, red].filter((one) => one !== undefined))).toEqual([
        '10%\n100%',
        '\u001b[31mred',
      ]);
      expect(rest.map(({ data }) => data.length)).toEqual([65_536, 65_536, 150_000 - 2 * 65_536, 3]);
      const pieces = rest.slice(0, 3).map(({ id }) => id);
      expect(pieces).toEqual([pieces[0], `${pieces[0]}~2`, `${pieces[0]}~3`]);
    });

    test('answers HEAD with the headers alone', async () => {
      const { id } = await server.running(WAIT);
      const response = await server.ask(`${id}/logs`, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(response.headers.get('Content-Type')).toBe('text/event-stream');
      expect(await response.text()).toBe('');
    });
  });

  describe('who and what is refused', () => {
    test("another user's container, an unknown one and a malformed id are not there", async () => {
      const id = await server.container('bob');
      for (const path of [id, randomUUID(), 'x', '..%2f'])
        expect((await server.ask(`${path}/logs`)).status).toBe(404);
    });

    test('an ADMIN reads any log, and nobody does without a token', async () => {
      const id = await server.container('bob');
      const admin = await server.ask(`${id}/logs?follow=false`, {
        headers: await server.as('root', 'ADMIN'),
      });
      expect(admin.status).toBe(200);
      await admin.body?.cancel();
      expect((await fetch(`http://${server.address}/v1/containers/${id}/logs`)).status).toBe(401);
    });

    test('a revision that never was is not there', async () => {
      expect((await server.ask(`${await server.container()}/logs?revision=2`)).status).toBe(404);
    });

    test('an engine that does not answer is a 503', async () => {
      const { target } = server.relay;
      const { id } = await server.running(WAIT);
      server.relay.target = 'unix:///nonexistent.sock';
      const response = await server.ask(`${id}/logs`);
      server.relay.target = target;
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ type: 'urn:berth:problem:unavailable' });
    });

    test.each([
      ['follow', 'maybe'],
      ['follow', ''],
      ['tail', '-1'],
      ['tail', '1.5'],
      ['tail', 'some'],
      ['tail', '100001'],
      ['tail', '1e3'],
      ['since', 'yesterday'],
      ['since', ''],
      ['since', '2026-02-30T00:00:00Z'],
      ['revision', '0'],
      ['revision', 'one'],
      ['revision', '99999999999999999999'],
    ])('%s=%s is a 400 that names the field', async (name, value) => {
      const response = await server.ask(
        `${await server.container()}/logs?${new URLSearchParams({ [name]: value })}`,
      );
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ path: name }] });
    });

    test.each(['x', '1', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000000000Z~1', 'null'])(
      'Last-Event-ID %j is a 400 that names the header',
      async (id) => {
        const response = await server.ask(`${await server.container()}/logs`, {
          headers: { 'Last-Event-ID': id },
        });
        expect(response.status).toBe(400);
        expect(await response.json()).toMatchObject({ errors: [{ path: 'Last-Event-ID' }] });
      },
    );
  });

  describe('where it begins', () => {
    test('is a hundred lines before the end unless said otherwise', async () => {
      const { id, events } = await written('for i in $(seq 150); do echo $i; done');
      const last = await (await server.stream(id, { follow: 'false' })).rest();
      expect(last).toEqual(events.slice(-100));
      expect(await read(id, { tail: '7' })).toEqual(events.slice(-7));
      expect(await read(id, { tail: '0' })).toEqual([]);
    });

    test('is the first line of a time, and the last of those with tail', async () => {
      const { id, events } = await written('for i in $(seq 20); do echo $i; echo $i >&2; done');
      const since = events[15]?.id?.replace(/~.*/, '') ?? '';
      const wanted = events.filter((event) => (event.id ?? '') >= since);
      expect(await read(id, { since })).toEqual(wanted);
      expect(await read(id, { since, tail: '3' })).toEqual(wanted.slice(-3));
      expect(await read(id, { since: '1h' })).toEqual(events);
      expect(await read(id, { since: '2100-01-01T00:00:00Z' })).toEqual([]);
    });

    test('is after the line of Last-Event-ID, whatever tail and since say', async () => {
      const { id, events } = await written('for i in $(seq 500); do echo $i; echo $i >&2; done');
      expect(events).toHaveLength(1000);
      for (const cut of [1, 2, 499, 500, 998, 1000]) {
        const rest = await read(
          id,
          { tail: '1', since: '2100-01-01T00:00:00Z' },
          { 'Last-Event-ID': events[cut - 1]?.id ?? '' },
        );
        expect(rest).toEqual(events.slice(cut));
      }
    });

    test('with tail=0 is what is written once the stream is open', async () => {
      const { id, instance } = await server.running(`echo old; ${UNTIL_TERM}`);
      await using stream = await server.stream(id, { tail: '0' });
      await server.stop(instance);
      expect(texts(await stream.take(1))).toEqual(['bye']);
    });
  });

  describe('followed', () => {
    test('waits for a container that has no instance yet', async () => {
      const id = await server.container();
      await using stream = await server.stream(id);
      await server.run(id, `echo hello; ${WAIT}`);
      expect(texts(await stream.take(1))).toEqual(['hello']);
    });

    test('goes on over restarts of an instance', async () => {
      const { id, instance } = await server.running('echo begin; printf end');
      await using stream = await server.stream(id, { tail: 'all' });
      expect(texts(await stream.take(2))).toEqual(['begin', 'end']);
      for (let run = 0; run < 3; run++) {
        await server.exited(instance);
        await server.start(instance);
        expect(texts(await stream.take(2))).toEqual(['begin', 'end']);
      }
      await server.exited(instance);
      expect(await read(id)).toHaveLength(8);
    });

    test('goes on over a redeploy: says so, begins the new log, ends the old', async () => {
      const { id, instance } = await server.running(`echo old; ${UNTIL_TERM}`);
      await using stream = await server.stream(id);
      expect(texts(await stream.take(1))).toEqual(['old']);
      await server.update(id);
      await server.run(id, `echo new; ${WAIT}`, 2);
      await server.serving(id, 2);
      expect(texts(await stream.take(2))).toEqual(['revision 2', 'new']);
      await server.stop(instance);
      expect(texts(await stream.take(1))).toEqual(['bye']);
    });

    test('of one revision ends when that is gone for good', async () => {
      const { id, instance } = await server.running(`echo old; ${WAIT}`);
      await using stream = await server.stream(id, { revision: '1' });
      expect(texts(await stream.take(1))).toEqual(['old']);
      await server.update(id);
      await server.run(id, `echo new; ${WAIT}`, 2);
      await server.serving(id, 2);
      await server.remove(instance);
      expect(await stream.rest()).toEqual([]);
    });

    test('ends when the container is deleted', async () => {
      const { id, instance } = await server.running(`echo here; ${WAIT}`);
      await using stream = await server.stream(id);
      expect(texts(await stream.take(1))).toEqual(['here']);
      await server.delete(id);
      await server.remove(instance);
      expect(await stream.rest()).toEqual([]);
    });

    test('and cut anywhere, and taken up again, misses and repeats nothing', async () => {
      const { id } = await server.running(
        `for i in $(seq 2000); do echo "out $i"; echo "err $i" >&2; done; echo done; ${WAIT}`,
      );
      const events: EventSourceMessage[] = [];
      let last: Record<string, string> = {};
      for (let cut = 1; events.length < 4001; cut = (cut * 7) % 1009) {
        await using stream = await server.stream(id, { tail: 'all' }, last);
        events.push(...(await stream.take(Math.min(cut, 4001 - events.length))));
        last = { 'Last-Event-ID': events.at(-1)?.id ?? '' };
      }
      expect(events).toHaveLength(4001);
      expect(events).toEqual(await read(id));
    });
  });

  describe('a client', () => {
    test('that reads slowly holds the engine back, and misses nothing', async () => {
      const lines = 20_000;
      const { id, instance } = await server.running(
        `awk 'BEGIN { while (length(x) < 1000) x = x "x"; for (i = 1; i <= ${lines}; i++) print i, x }'`,
      );
      await server.exited(instance);
      const before = server.relay.received;
      const response = await server.raw(id, 'tail=all&follow=false');
      const received = await settled(() => server.relay.received, before);
      expect(received - before).toBeLessThan(4_000_000);
      let seen = 0;
      for await (const chunk of response) seen += String(chunk).split('event: stdout').length - 1;
      expect(seen).toBeGreaterThan(lines - 100);
      expect(server.relay.received - before).toBeGreaterThan(lines * 1000);
    });

    test("that goes closes the engine's stream, also while nothing is written", async () => {
      const { id } = await server.running(`echo one; ${WAIT}`);
      await expect.poll(() => server.relay.open).toBeLessThan(5);
      const before = server.relay.open;
      const streams = await Promise.all(Array.from({ length: 10 }, () => server.stream(id)));
      await Promise.all(streams.map((stream) => stream.take(1)));
      expect(server.relay.open).toBeGreaterThanOrEqual(before + 9);
      await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()));
      await expect.poll(() => server.relay.open).toBeLessThanOrEqual(before);
    });

    test('that goes while it is not reading closes it too', async () => {
      const { id } = await server.running(
        'while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done',
      );
      const before = server.relay.open;
      const response = await server.raw(id, 'tail=all');
      await expect.poll(() => server.relay.open).toBeGreaterThan(before);
      response.destroy();
      await once(response, 'close');
      await expect.poll(() => server.relay.open).toBeLessThanOrEqual(before);
    });

    test('may have a hundred streams open, and another once one has ended', async () => {
      const { id } = await server.running(`echo one; ${WAIT}`);
      const streams: StreamClient[] = [];
      while (streams.length < 100) streams.push(await server.stream(id));
      const refused = await server.ask(`${id}/logs`);
      expect(refused.status).toBe(429);
      expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/);
      expect(await refused.json()).toMatchObject({ type: 'urn:berth:problem:too-many' });
      expect((await server.ask(`${id}/logs`, { method: 'HEAD' })).status).toBe(200);
      const others = await server.ask(`${id}/logs?follow=false`, {
        headers: await server.as('root', 'ADMIN'),
      });
      expect(others.status).toBe(200);
      await others.body?.cancel();
      await streams[0]?.[Symbol.asyncDispose]();
      await expect.poll(async () => (await server.ask(`${id}/logs?follow=false&tail=0`)).status).toBe(200);
      await Promise.all(streams.slice(1).map((stream) => stream[Symbol.asyncDispose]()));
    });
  });
});

/** A number that grew beyond `start`, once it has stopped growing. */
async function settled(read: () => number, start: number): Promise<number> {
  let last = start;
  const stoodStill = () => {
    const now = read();
    const still = now > start && now === last;
    last = now;
    return still;
  };
  await expect.poll(stoodStill, { interval: 300, timeout: 20_000 }).toBe(true);
  return last;
}
