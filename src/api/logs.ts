import { createRoute, z } from '@hono/zod-openapi';
import type { LogEvent } from '../logs/log-event.ts';
import { visibleContainer } from './access.ts';
import { ContainerId } from './containers.ts';
import type { ApiDeps } from './deps.ts';
import { type Api, problems } from './openapi.ts';
import { LastEventId, logQuery } from './schemas/log-request.ts';
import { LogEventView, logEventView } from './schemas/log-view.ts';
import { STREAM_LIMITS, StreamAnswers } from './stream-answers.ts';

const EVENTS = `One event a line, as the container wrote it:

    event: stdout
    id: 2026-01-02T03:04:05.000000006Z
    data: the line

\`event\` is stdout or stderr. \`id\` is the line's time, with \`~2\`, \`~3\` … added where earlier lines bear the same. A line
over 64 KiB comes in pieces; a carriage return within a line begins another \`data\`. \`event: revision\` with the data
\`{"revision": 2}\` says that another revision serves and its lines follow. A comment comes every 15 seconds.`;

/** The log of a container, streamed. */
export function registerLogs(app: Api, deps: Pick<ApiDeps, 'containers' | 'log' | 'logs' | 'now'>): void {
  const streams = new StreamAnswers('log', deps.log);
  const route = createRoute({
    method: 'get',
    path: '/v1/containers/{id}/logs',
    tags: ['containers'],
    security: [{ bearer: [] }],
    summary: "Stream a container's log",
    description: `Its owner or an ADMIN; to others it is not there. At most ${STREAM_LIMITS.perUser} streams a user.`,
    request: {
      params: ContainerId,
      query: logQuery(deps.now),
      headers: z.object({ 'Last-Event-ID': LastEventId }),
    },
    responses: {
      200: { description: EVENTS, content: { 'text/event-stream': { schema: LogEventView } } },
      ...problems('invalid', 'not-found', 'too-many'),
    },
  });
  app.openapi(route, async (c) => {
    const { id } = c.req.valid('param');
    const lastEventId = c.req.valid('header')['Last-Event-ID'];
    await visibleContainer(deps.containers, id, c.get('caller'));
    const request = { containerId: id, ...c.req.valid('query'), lastEventId };
    return await streams.answer(c, async (signal) => views(await deps.logs.open(request, signal)));
  });
}

async function* views(events: AsyncIterable<LogEvent>) {
  for await (const event of events) yield logEventView(event);
}
