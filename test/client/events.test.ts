import { expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { HELLO, idOf, startApi } from '../api/api.ts';
import { collect, inTurn, startApiServer, stream } from './api-server.ts';

function frame(id: number): string {
  return `event: deployed\nid: ${id}\ndata: {"id":${id},"kind":"deployed"}\n\n`;
}

test('the real API tells its events, the fields of each typed', async () => {
  await using api = await startApi();
  const token = await api.token('ann');
  const id = idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
  await api.containers.markServing(id, 1, []);
  const client = createClient({ baseUrl: api.url, token });
  const events = await collect(client.events({ follow: false, container: id }));
  expect(events).toMatchObject([
    { kind: 'deploying', containerID: id, name: 'hello-world', revisionNumber: 1, createdBy: 'ann' },
    { kind: 'deployed', containerID: id, gpus: [], reason: null },
  ]);
  const unknown = collect(client.events({ container: 'none' }));
  await expect(unknown).rejects.toMatchObject({ name: 'ApiProblem', status: 404 });
});

test('the query says which events', async () => {
  await using server = await startApiServer(stream('', 'end'));
  const options = { follow: false, tail: 'all', container: 'c&d' } as const;
  await collect(createClient({ baseUrl: server.url }).events(options));
  expect(server.requests[0]?.url).toBe('/v1/events?follow=false&tail=all&container=c%26d');
});

test('a connection that is cut is opened again from the last event seen, behind a gap too', async () => {
  const gap = 'event: gap\nid: 7\ndata: {"from":2,"to":7}\n\n';
  await using server = await startApiServer(
    inTurn(stream(frame(1), 'cut'), stream(gap, 'cut'), stream(frame(8), 'end')),
  );
  const events = await collect(createClient({ baseUrl: server.url }).events());
  expect(events).toEqual([
    { kind: 'deployed', id: 1 },
    { kind: 'gap', from: 2, to: 7 },
    { kind: 'deployed', id: 8 },
  ]);
  expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1', '7']);
});
