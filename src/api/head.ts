import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from './context.ts';

/** A HEAD is answered as GET without the body, which has to be ended: behind it may be a file or a log stream. */
export const headWithoutBody: MiddlewareHandler<ApiEnv> = async (c, next) => {
  await next();
  if (c.req.method === 'HEAD') await c.res.body?.cancel();
};
