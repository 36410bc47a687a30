import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import type { LogEvent } from '../../src/client/wire.ts';
import { collect, inTurn, json, startApiServer, stream } from './api-server.ts';

const gone = json(404, { title: 'Not Found', status: 404 }, 'application/problem+json');
const away = json(503, { title: 'Service Unavailable', status: 503 }, 'application/problem+json');

test('lines come with their stream, id and text; comments and unknown events are passed over', async () => {
  const body =
    ': hello\n\nevent: stdout\nid: 1\ndata: a: b\n\nevent: later\ndata: x\n\nevent: stderr\nid: 2\ndata:\n\nevent: revision\ndata: {"revision": 2}\n\n';
  await using server = await startApiServer(stream(body, 'end'));
  const events = await collect(createClient({ baseUrl: server.url }).logs('1', { follow: false }));
  expect(events).toEqual([
    { kind: 'stdout', id: '1', line: 'a: b' },
    { kind: 'stderr', id: '2', line: '' },
    { kind: 'revision', revision: 2 },
  ]);
});

test('the query says which lines', async () => {
  await using server = await startApiServer(stream('', 'end'));
  const query = { follow: false, tail: 'all', since: '10m', revision: 3 } as const;
  await collect(createClient({ baseUrl: server.url }).logs('7', query));
  expect(server.requests[0]?.url).toBe('/v1/containers/7/logs?follow=false&tail=all&since=10m&revision=3');
});

test('a connection that is cut is opened again from the last line seen, until the container is gone', async () => {
  await using server = await startApiServer(
    inTurn(stream(line('stdout', 1), 'cut'), away, stream(line('stdout', 2), 'cut'), gone),
  );
  const reconnects: string[] = [];
  const onReconnect = ({ name }: Error) => reconnects.push(name);
  const events = await collect(createClient({ baseUrl: server.url }).logs('1', { onReconnect }));
  expect(lines(events)).toEqual(['line 1', 'line 2']);
  expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1', '1', '2']);
  expect(reconnects).toEqual(['Unreachable', 'ApiProblem', 'Unreachable']);
});

test('without follow, a cut connection is resumed and a whole one ends', async () => {
  await using server = await startApiServer(
    inTurn(stream(line('stdout', 1), 'cut'), stream(line('stdout', 2), 'end')),
  );
  const events = await collect(createClient({ baseUrl: server.url }).logs('1', { follow: false }));
  expect(lines(events)).toEqual(['line 1', 'line 2']);
  expect(server.requests).toHaveLength(2);
});

test('a first connection that is refused is thrown at once', async () => {
  await using server = await startApiServer(gone);
  const events = collect(createClient({ baseUrl: server.url }).logs('1'));
  await expect(events).rejects.toMatchObject({ name: 'ApiProblem', status: 404 });
  expect(server.requests).toHaveLength(1);
});

test('a head that does not come in time is Unreachable', async () => {
  await using server = await startApiServer(() => {});
  const client = createClient({ baseUrl: server.url, deadlineMs: 100 });
  await expect(collect(client.logs('1'))).rejects.toMatchObject({ name: 'Unreachable', code: 'ETIMEDOUT' });
});

test('a reader that stops reading closes the connection', async () => {
  let response: ServerResponse | undefined;
  await using server = await startApiServer((request, answer) => {
    response = answer;
    stream(line('stdout', 1), 'open')(request, answer);
  });
  for await (const event of createClient({ baseUrl: server.url }).logs('1')) {
    expect(event).toEqual({ kind: 'stdout', id: '1', line: 'line 1' });
    break;
  }
  if (response?.closed === false) await once(response, 'close');
});

test("the caller's abort ends a stream that is followed", async () => {
  const abort = new AbortController();
  await using server = await startApiServer(stream(line('stdout', 1), 'open'));
  const seen: LogEvent[] = [];
  for await (const event of createClient({ baseUrl: server.url }).logs('1', { signal: abort.signal })) {
    seen.push(event);
    abort.abort();
  }
  expect(seen).toHaveLength(1);
});

test('events are the same however the network cuts the bytes', async () => {
  const text =
    'event: stdout\nid: 1\ndata: grüße 🚢\n\n: quiet\n\nevent: stderr\nid: 2\ndata: \u001b[31m\n\n';
  const bytes = Buffer.from(text);
  const cuts = fc.array(fc.nat(bytes.length), { maxLength: 12 });
  const pieces = cuts.map((at) => [0, ...at.toSorted((a, b) => a - b), bytes.length]);
  await fc.assert(
    fc.asyncProperty(pieces, async (edges) => {
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      const events = await collect(clientReading(chunks).logs('1', { follow: false }));
      expect(events).toEqual([
        { kind: 'stdout', id: '1', line: 'grüße 🚢' },
        { kind: 'stderr', id: '2', line: '\u001b[31m' },
      ]);
    }),
  );
});

function clientReading(chunks: Buffer[]) {
  async function* body() {
    yield* chunks;
  }
  const response = {
    status: 200,
    statusText: 'OK',
    headers: new Headers(),
    body: body(),
    text: () => Promise.resolve(''),
  };
  return createClient({ baseUrl: 'http://unused', fetch: () => Promise.resolve(response) });
}

function line(event: 'stdout' | 'stderr', id: number): string {
  return `event: ${event}\nid: ${id}\ndata: line ${id}\n\n`;
}

function lines(events: readonly LogEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'revision' ? [] : [event.line]));
}
