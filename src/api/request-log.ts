import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import type { ApiEnv } from './context.ts';

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Gives each request an id and writes one line about it: never a header, a query or a body, which may hold secrets. */
export function requestLog(log: Logger): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const started = performance.now();
    const requestId = randomUUID();
    c.set('requestId', requestId);
    c.header('X-Request-Id', requestId);
    await next();
    // Who changed what is worth a line at any time; who looked, only when somebody looks for trouble.
    const level = READING.has(c.req.method) ? 'debug' : 'info';
    log[level](
      {
        requestId,
        method: c.req.method,
        // The template, not the path: a client may write anything into a path.
        route: routePath(c, -1),
        status: c.res.status,
        ms: Math.round(performance.now() - started),
      },
      'request',
    );
  };
}
