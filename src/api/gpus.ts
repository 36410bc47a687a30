import { createRoute, z } from '@hono/zod-openapi';
import type { ApiDeps } from './deps.ts';
import { type Api, json, problems } from './openapi.ts';
import { GpuView, gpuView } from './schemas/gpu-view.ts';
import { envelope, pageOf, pageQuery, pageView } from './schemas/paging.ts';

const reason = z.string().nullable().openapi({
  description: 'Why there are none, or fewer than the machine has, for a person; else null.',
});

const gpus = createRoute({
  method: 'get',
  path: '/v1/gpus',
  tags: ['gpus'],
  security: [{ bearer: [] }],
  summary: "This machine's GPUs: what they do now, who has them, who waits",
  request: { query: pageQuery() },
  responses: {
    200: json(pageView('GpuPage', GpuView, { reason }), 'A page of GPUs, by index'),
    ...problems('invalid'),
  },
});

/** The GPUs of this machine. */
export function registerGpus(app: Api, deps: Pick<ApiDeps, 'gpus' | 'gpuClaims'>): void {
  app.openapi(gpus, async (c) => {
    const page = c.req.valid('query');
    const inventory = await deps.gpus.fresh();
    const claims = await deps.gpuClaims();
    const items = pageOf(inventory.gpus, page).map((gpu) => gpuView(gpu, claims));
    return c.json({ reason: inventory.reason, ...envelope(items, inventory.gpus.length, page) }, 200);
  });
}
