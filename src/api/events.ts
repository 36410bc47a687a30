import { createRoute, z } from '@hono/zod-openapi';
import type { Caller } from '../domain/caller.ts';
import type { EventFilter } from '../store/events.ts';
import { visibleContainer } from './access.ts';
import type { ApiDeps } from './deps.ts';
import { EventFeed, type FeedItem } from './event-feed.ts';
import { type Api, problems } from './openapi.ts';
import {
  EventGapView,
  EventMessageView,
  EventQuery,
  EventView,
  eventMessageView,
  LastEventId,
} from './schemas/events.ts';
import { STREAM_LIMITS, StreamAnswers } from './stream-answers.ts';

const EVENTS = `One event each, whose data is JSON (an \`Event\`) on one line:

    event: deployed
    id: 1042
    data: {"id":1042,"date":"2026-01-02T03:04:05.678Z","kind":"deployed","containerID":"…","name":"web","revisionNumber":2,"reason":null,"gpus":[],"createdBy":"…"}

\`Last-Event-ID\` goes on without loss or repeat. The newest 10,000 events of the machine are kept: where some are gone
that were not seen, \`event: gap\` with the data \`{"from": 7, "to": 41}\` says so. A comment comes every 15 seconds.`;

const route = createRoute({
  method: 'get',
  path: '/v1/events',
  tags: ['events'],
  security: [{ bearer: [] }],
  summary: 'Stream what happens to containers and GPUs',
  description:
    'Of your own containers; for an ADMIN everyone’s, and what happens to the machine. ' +
    `At most ${STREAM_LIMITS.perUser} streams a user.`,
  request: { query: EventQuery, headers: z.object({ 'Last-Event-ID': LastEventId }) },
  responses: {
    200: { description: EVENTS, content: { 'text/event-stream': { schema: EventMessageView } } },
    ...problems('invalid', 'not-found', 'too-many'),
  },
});

/** What happens, streamed. */
export function registerEvents(app: Api, deps: Pick<ApiDeps, 'containers' | 'events' | 'log'>): void {
  app.openAPIRegistry.register('Event', EventView);
  app.openAPIRegistry.register('EventGap', EventGapView);
  const feed = new EventFeed(deps.events);
  const streams = new StreamAnswers('event', deps.log);
  app.openapi(route, async (c) => {
    const { container, ...wanted } = c.req.valid('query');
    const lastEventId = c.req.valid('header')['Last-Event-ID'];
    const filter = await visibleEvents(deps, container, c.get('caller'));
    return await streams.answer(c, async (signal) =>
      messages(await feed.open({ filter, ...wanted, lastEventId }, signal)),
    );
  });
}

/** What the caller may know. Of a container that is gone, what is kept of their own. Throws `not-found`. */
async function visibleEvents(
  { containers, events }: Pick<ApiDeps, 'containers' | 'events'>,
  containerId: string | null,
  caller: Caller,
): Promise<EventFilter> {
  const filter = { owner: caller.admin ? null : caller.userId, containerId };
  if (containerId !== null && !(await events.has(filter)))
    await visibleContainer(containers, containerId, caller);
  return filter;
}

async function* messages(items: AsyncIterable<FeedItem>) {
  for await (const item of items) yield eventMessageView(item);
}
