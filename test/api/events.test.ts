import { randomUUID } from 'node:crypto';
import type { EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EventFeed } from '../../src/api/event-feed.ts';
import type { NewEvent } from '../../src/domain/event.ts';
import { EventStore } from '../../src/store/events.ts';
import { HELLO, idOf, startApi, type TestApi } from './api.ts';
import { StreamClient } from './stream-client.ts';

const EventData = z.object({
  id: z.number(),
  kind: z.string(),
  createdBy: z.string().nullable(),
  name: z.string().nullable(),
});

interface Asked {
  readonly query?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly last?: string | number | undefined;
}

let api: TestApi;
let ann: string;
let admin: string;

beforeAll(async () => {
  api = await startApi();
  ann = await api.token('ann');
  admin = await api.token('root', ['ADMIN']);
});
afterAll(() => api[Symbol.asyncDispose]());

async function ask({ query = {}, token = ann, last }: Asked, method = 'GET', on = api): Promise<Response> {
  const headers = {
    Authorization: `Bearer ${token}`,
    ...(last !== undefined && { 'Last-Event-ID': String(last) }),
  };
  return await fetch(`${on.url}/v1/events?${new URLSearchParams(query)}`, { method, headers });
}

async function stream(asked: Asked, on = api): Promise<StreamClient> {
  const { status, body } = await ask(asked, 'GET', on);
  if (status !== 200 || body === null) throw new Error(`answered with ${status}`);
  return new StreamClient(body);
}

/** Everything that is there. */
async function past(asked: Asked, on = api): Promise<EventSourceMessage[]> {
  return await (
    await stream({ ...asked, query: { tail: 'all', follow: 'false', ...asked.query } }, on)
  ).rest();
}

function event(owner: string | null, fields: Partial<NewEvent> = {}): NewEvent {
  return {
    ...{ kind: 'failed', owner, containerId: randomUUID(), name: 'web', revision: 1, reason: null, gpus: [] },
    ...fields,
  } as const;
}

function names(messages: readonly EventSourceMessage[]): (string | null)[] {
  return messages.map(({ data }) => EventData.parse(JSON.parse(data)).name);
}

/** So many events with names that count from 0. */
function numbered(owner: string, count: number): NewEvent[] {
  return Array.from({ length: count }, (_, n) => event(owner, { name: `n${n}` }));
}

describe('an event', () => {
  test('of a deploy comes with its kind, its number and the words of the API', async () => {
    const token = await api.token('deployer');
    const id = idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
    await api.containers.markFailed(id, 1, 'exited with code 1: a\nb \u001b[31m');
    const messages = await past({ token });
    expect(messages.map((message) => message.event)).toEqual(['deploying', 'failed']);
    expect(JSON.parse(messages[1]?.data ?? '')).toEqual({
      id: Number(messages[1]?.id),
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      kind: 'failed',
      containerID: id,
      name: 'hello-world',
      revisionNumber: 1,
      reason: 'exited with code 1: a\nb \u001b[31m',
      gpus: [],
      createdBy: 'deployer',
    });
  });

  test('about the machine has nulls where there is no container, and its GPUs', async () => {
    await api.events.add(
      event(null, { kind: 'gpu-lost', containerId: null, name: null, revision: null, gpus: ['GPU-1'] }),
    );
    const [lost] = (await past({ token: admin, query: { tail: '1' } })).map(({ data }) => JSON.parse(data));
    expect(lost).toMatchObject({
      kind: 'gpu-lost',
      containerID: null,
      name: null,
      revisionNumber: null,
      createdBy: null,
      gpus: ['GPU-1'],
    });
  });

  test('is sent on a stream that nobody stores or holds back', async () => {
    const { headers, body } = await ask({});
    expect(headers.get('Content-Type')).toBe('text/event-stream');
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(headers.get('X-Accel-Buffering')).toBe('no');
    await body?.cancel();
    const head = await ask({}, 'HEAD');
    expect([head.status, head.headers.get('Content-Type'), await head.text()]).toEqual([
      200,
      'text/event-stream',
      '',
    ]);
  });
});

describe('who is told', () => {
  test('a user of their own containers, an ADMIN and the Unix socket of everything', async () => {
    const [one, two] = await Promise.all([api.token('one'), api.token('two')]);
    await api.events.add(
      event('one', { name: 'a' }),
      event('two', { name: 'b' }),
      event(null, { name: 'c' }),
    );
    expect(names(await past({ token: one }))).toEqual(['a']);
    expect(names(await past({ token: two }))).toEqual(['b']);
    expect(names(await past({ token: admin, query: { tail: '3' } }))).toEqual(['a', 'b', 'c']);
    const local = await api.callLocal('GET', '/v1/events?follow=false&tail=3');
    expect(local.text.match(/"name":"."/g)).toEqual(['"name":"a"', '"name":"b"', '"name":"c"']);
  });

  test('nobody without a token', async () => {
    expect(await api.call('GET', '/v1/events', { token: null })).toMatchObject({ status: 401 });
  });

  test('of one container only, also after it was deleted', async () => {
    const token = await api.token('filter');
    const [first, second] = [await made(token), await made(token)];
    await api.call('DELETE', `/v1/containers/${first}`, { token });
    const kinds = async (container: string, who: string) =>
      (await past({ token: who, query: { container } })).map((message) => message.event);
    expect(await kinds(first, token)).toEqual(['deploying', 'deleted']);
    expect(await kinds(second, token)).toEqual(['deploying']);
    expect(await kinds(first, admin)).toEqual(['deploying', 'deleted']);
  });

  test("of another's container as little as of one that never was", async () => {
    const id = await made(await api.token('owner'));
    for (const container of [id, randomUUID(), 'x', "' OR 1=1 --", '']) {
      expect((await ask({ query: { container, follow: 'false' } })).status).toBe(404);
    }
    expect((await ask({ token: admin, query: { container: randomUUID() } })).status).toBe(404);
  });

  test('of a container whose events are kept no more, what comes', async () => {
    const token = await api.token('quiet');
    const id = await made(token);
    await api.db.deleteFrom('events').where('container_id', '=', id).execute();
    await using reader = await stream({ token, query: { container: id } });
    await api.containers.markServing(id, 1, []);
    expect((await reader.take(1)).map((message) => message.event)).toEqual(['deployed']);
  });

  async function made(token: string): Promise<string> {
    return idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
  }
});

describe('where it begins', () => {
  test('is a hundred events back, or as many as tail says', async () => {
    const token = await api.token('tail');
    await api.events.add(...numbered('tail', 230));
    const begin = async (query: Record<string, string>) =>
      names(await (await stream({ token, query: { follow: 'false', ...query } })).rest());
    expect(await begin({})).toEqual(
      numbered('tail', 230)
        .slice(130)
        .map(({ name }) => name),
    );
    expect(await begin({ tail: '2' })).toEqual(['n228', 'n229']);
    expect(await begin({ tail: '0' })).toEqual([]);
    expect(await begin({ tail: 'all' })).toHaveLength(230);
  });

  test('is after Last-Event-ID, whatever tail says; an empty one is none', async () => {
    const token = await api.token('last');
    await api.events.add(...numbered('last', 3));
    const [first] = await past({ token });
    expect(names(await past({ token, last: first?.id, query: { tail: '0' } }))).toEqual(['n1', 'n2']);
    expect(await past({ token, last: '', query: { tail: '1' } })).toHaveLength(1);
    expect(await past({ token, last: 0, query: { tail: '1' } })).toHaveLength(3);
  });

  test('is what comes next, after an id of another database', async () => {
    const token = await api.token('elsewhere');
    await api.events.add(event('elsewhere', { name: 'old' }));
    expect(await past({ token, last: 999_999_999_999_999 })).toEqual([]);
    await using reader = await stream({ token, last: 999_999_999_999_999 });
    await api.events.add(event('elsewhere', { name: 'new' }));
    expect(names(await reader.take(1))).toEqual(['new']);
  });

  test.each([
    ['follow', 'maybe'],
    ['tail', '-1'],
    ['tail', 'some'],
    ['tail', '1e3'],
  ])('%s=%s is a 400 that names the field', async (name, value) => {
    const response = await ask({ query: { [name]: value } });
    expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ path: name }] }]);
  });

  test.each(['x', '-1', '1.5', '01', '1e3', '2026-01-02T03:04:05.000000006Z', '9999999999999999'])(
    'Last-Event-ID %j is a 400 that names the header',
    async (last) => {
      const response = await ask({ last });
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { errors: [{ path: 'Last-Event-ID' }] },
      ]);
    },
  );
});

describe('followed', () => {
  test('it brings each event as it happens, while others come and go', async () => {
    const token = await api.token('live');
    await using reader = await stream({ token });
    const added = (async () => {
      for (const one of numbered('live', 250)) await api.events.add(one, event('someone else'));
    })();
    expect(names(await reader.take(250))).toEqual(numbered('live', 250).map(({ name }) => name));
    await added;
  });

  test('a reader that is cut off anywhere, and resumes, sees each of its events once and in order', async () => {
    let runs = 0;
    const owner = fc.constantFrom('ann', 'bob', null);
    const step = fc.record({ happen: fc.array(owner, { maxLength: 150 }), take: fc.nat(160) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 8 }),
        fc.constantFrom('ann', 'bob', 'root'),
        async (steps, who) => {
          const run = `r${runs++}`;
          const token = await api.token(`${who} ${run}`, who === 'root' ? ['ADMIN'] : []);
          await api.events.add(event(`${who} ${run}`, { name: 'begin' }));
          const [begin] = await past({ token, query: { tail: '1' } });
          const seen: EventSourceMessage[] = [];
          const expected: string[] = [];
          for (const { happen, take } of steps) {
            const events = happen.map((to, n) =>
              event(to && `${to} ${run}`, { name: `${run} ${expected.length}-${n}` }),
            );
            const mine = events.filter((one) => who === 'root' || one.owner === `${who} ${run}`);
            await using reader = await stream({ token, last: seen.at(-1)?.id ?? begin?.id });
            await api.events.add(...events);
            expected.push(...mine.map(({ name }) => name ?? ''));
            seen.push(...(await reader.take(Math.min(take, expected.length - seen.length))));
          }
          seen.push(...(await past({ token, last: seen.at(-1)?.id ?? begin?.id })));
          expect(names(seen)).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('a user may have a hundred streams open, and another once one has ended', async () => {
    const token = await api.token('greedy');
    const streams = await Promise.all(Array.from({ length: 100 }, () => stream({ token })));
    const refused = await ask({ token });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/);
    expect(await refused.json()).toMatchObject({
      type: 'urn:berth:problem:too-many',
      detail: expect.stringContaining('event streams'),
    });
    expect((await ask({ token }, 'HEAD')).status).toBe(200);
    expect(await past({})).toBeDefined();
    await streams[0]?.[Symbol.asyncDispose]();
    await expect
      .poll(async () => (await ask({ token, query: { follow: 'false', tail: '0' } })).status)
      .toBe(200);
    await Promise.all(streams.slice(1).map((one) => one[Symbol.asyncDispose]()));
  });
});

describe('where events are kept no more', () => {
  test('a reader who comes back late is told which may be missing, and goes on behind them', async () => {
    await using other = await startApi();
    const few = new EventStore(other.db, Date.now, 10);
    const token = await other.token('late');
    await few.add(...numbered('late', 30));
    const [gap, ...rest] = await past({ token, last: 5 }, other);
    expect(gap).toEqual({ event: 'gap', id: '20', data: '{"from":6,"to":20}' });
    expect(rest.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, n) => String(21 + n)));
    expect(await past({ token, last: gap?.id }, other)).toEqual(rest);
    expect((await past({ token }, other)).map((message) => message.event)).not.toContain('gap');
  });

  test('nothing is read ahead: a reader who is too slow is told what it missed', async () => {
    await using other = await startApi();
    const few = new EventStore(other.db, Date.now, 150);
    await few.add(...numbered('slow', 150));
    const request = {
      filter: { owner: 'slow', containerId: null },
      follow: true,
      tail: 'all',
      lastEventId: null,
    } as const;
    const items = await new EventFeed(few).open(request, new AbortController().signal);
    const reader = items[Symbol.asyncIterator]();
    for (let id = 1; id <= 100; id += 1) expect((await reader.next()).value).toMatchObject({ event: { id } });
    await few.add(...numbered('slow', 150));
    expect((await reader.next()).value).toEqual({ kind: 'gap', from: 101, to: 150 });
    expect((await reader.next()).value).toMatchObject({ event: { id: 151 } });
    await reader.return?.();
  });

  test('a reader who was there all the time is told of no gap, however little was for them', async () => {
    await using other = await startApi();
    const few = new EventStore(other.db, Date.now, 10);
    await using apiOfFew = await startApi({ events: few });
    const token = await apiOfFew.token('patient');
    await few.add(event('patient', { name: 'first' }));
    await using reader = await stream({ token, query: { tail: 'all' } }, apiOfFew);
    expect(names(await reader.take(1))).toEqual(['first']);
    for (let n = 0; n < 30; n += 1) await few.add(event('busy'));
    await few.add(event('patient', { name: 'at last' }));
    expect(names(await reader.take(1))).toEqual(['at last']);
  });
});
