import { createRoute } from '@hono/zod-openapi';
import { GPU_MODELS } from '../domain/gpu-model.ts';
import { type Api, json, problems } from './openapi.ts';
import { GpuModelView } from './schemas/gpus.ts';
import { envelope, pageOf, pageQuery, pageView } from './schemas/paging.ts';

const gpuModels = createRoute({
  method: 'get',
  path: '/v1/gpu-models',
  tags: ['gpus'],
  security: [{ bearer: [] }],
  summary: 'GPU models that berth knows',
  request: { query: pageQuery(100) },
  responses: {
    200: json(pageView('GpuModelPage', GpuModelView), 'A page of models'),
    ...problems('invalid'),
  },
});

/** The catalogue of GPU models. */
export function registerGpuModels(app: Api): void {
  app.openapi(gpuModels, (c) => {
    const page = c.req.valid('query');
    const items = pageOf(GPU_MODELS, page).map(({ code, name }) => ({ code, name }));
    return c.json(envelope(items, GPU_MODELS.length, page), 200);
  });
}
