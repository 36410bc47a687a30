import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { eventStream } from '../logs/event-stream.ts';
import type { LogRequest } from '../logs/log-event.ts';
import type { LogReader } from '../logs/log-reader.ts';
import { OpenStreams } from '../logs/open-streams.ts';
import { visibleContainer } from './access.ts';
import { ContainerId } from './containers.ts';
import type { ApiEnv } from './context.ts';
import type { ApiDeps } from './deps.ts';
import { type Api, problems } from './openapi.ts';
import { LastEventId, logQuery } from './schemas/log-request.ts';
import { LogEventView } from './schemas/log-view.ts';

/** What log streams are made from. */
export interface LogDeps extends Pick<ApiDeps, 'containers' | 'log' | 'now'> {
  readonly logs: LogReader;
}

/** Bounds of log streams; `keepAliveMs` is the time between two comments. */
export interface LogLimits {
  readonly streamsPerUser: number;
  readonly keepAliveMs: number;
}

const LIMITS: LogLimits = { streamsPerUser: 100, keepAliveMs: 15_000 };

const EVENTS = `One event a line, as the container wrote it:

    event: stdout
    id: 2026-01-02T03:04:05.000000006Z
    data: the line

\`event\` is stdout or stderr. \`id\` is the line's time, with \`~2\`, \`~3\` … added where earlier lines bear the same. A line
over 64 KiB comes in pieces; a carriage return within a line begins another \`data\`. \`event: revision\` with the data
\`{"revision": 2}\` says that another revision serves and its lines follow. A comment comes every 15 seconds.`;

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // nginx would hold lines back.
  'X-Accel-Buffering': 'no',
};

/** The log of a container, streamed. */
export function registerLogs(app: Api, deps: LogDeps, limits: LogLimits = LIMITS): void {
  const openStreams = new OpenStreams(limits.streamsPerUser);
  const route = createRoute({
    method: 'get',
    path: '/v1/containers/{id}/logs',
    tags: ['containers'],
    security: [{ bearer: [] }],
    summary: "Stream a container's log",
    description: `Its owner or an ADMIN; to others it is not there. At most ${limits.streamsPerUser} streams a user.`,
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
    if (c.req.method === 'HEAD') return c.body(null, 200, HEADERS);
    const place = openStreams.open(c.get('caller').userId);
    const request = { containerId: id, ...c.req.valid('query'), lastEventId };
    return c.body(await openStream(c, deps, request, place, limits.keepAliveMs), 200, HEADERS);
  });
}

/** A stream's body, which gives its place back when it is over: read, left, failed, or its client gone before it began. */
async function openStream(
  c: Context<ApiEnv>,
  { logs, log }: LogDeps,
  request: LogRequest,
  place: Disposable,
  keepAliveMs: number,
) {
  const over = new AbortController();
  const end = (error?: unknown) => {
    if (over.signal.aborted) return;
    over.abort();
    place[Symbol.dispose]();
    if (error === undefined) return;
    log.warn({ err: error, container: request.containerId }, 'a log stream broke off');
    // It must not look finished: with its connection broken the client comes back with the last id.
    c.env.outgoing.destroy();
  };
  c.req.raw.signal.addEventListener('abort', () => end(), { once: true });
  try {
    return eventStream(await logs.open(request, over.signal), { keepAliveMs, onEnd: end });
  } catch (error) {
    end();
    throw error;
  }
}
