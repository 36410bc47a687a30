import { createRoute, z } from '@hono/zod-openapi';
import { type Api, json } from './openapi.ts';

const Health = z
  .object({ status: z.literal('ok') })
  .strict()
  .openapi('Health');

const health = createRoute({
  method: 'get',
  path: '/healthz',
  tags: ['berth'],
  security: [],
  summary: 'Whether berthd answers',
  responses: { 200: json(Health, 'It does') },
});

/** Whether berthd answers. No token is asked: monitors have none. */
export function registerHealth(app: Api): void {
  app.openapi(health, (c) => c.json({ status: 'ok' as const }, 200));
}
