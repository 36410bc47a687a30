import { createRoute, z } from '@hono/zod-openapi';
import type { Container } from '../domain/container.ts';
import { ownContainer, requireAdmin } from './access.ts';
import type { ApiDeps } from './deps.ts';
import { type Api, json, problems } from './openapi.ts';
import { ContainerView, containerView } from './schemas/container-view.ts';
import { envelope, pageQuery, pageView } from './schemas/paging.ts';

/** The id of a container in a path. */
export const ContainerId = z.object({ id: z.uuid().openapi({ param: { in: 'path', name: 'id' } }) });

const tags = ['containers'];
const security = [{ bearer: [] }];

const list = createRoute({
  method: 'get',
  path: '/v1/containers',
  tags,
  security,
  summary: 'Your containers, newest first',
  request: {
    query: pageQuery().extend({
      all: z
        .enum(['true', 'false'], 'must be "true" or "false"')
        .default('false')
        .openapi({ description: "Everyone's containers; for ADMIN only." }),
    }),
  },
  responses: {
    200: json(pageView('ContainerPage', ContainerView), 'A page of containers'),
    ...problems('invalid', 'forbidden'),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/containers/{id}',
  tags,
  security,
  summary: 'One container',
  request: { params: ContainerId },
  responses: { 200: json(ContainerView, 'The container'), ...problems('forbidden', 'not-found') },
});

const remove = createRoute({
  method: 'delete',
  path: '/v1/containers/{id}',
  tags,
  security,
  summary: 'Delete a container',
  description:
    'Its owner or an ADMIN. The id is unknown from the answer on; what runs is removed right after.',
  request: { params: ContainerId },
  responses: { 204: { description: 'Deleted' }, ...problems('forbidden', 'not-found') },
});

/** Containers: list, get, delete. deploy.ts has create and update. */
export function registerContainers(app: Api, deps: ApiDeps): void {
  const { containers } = deps;

  app.openapi(list, async (c) => {
    const { all, ...page } = c.req.valid('query');
    const caller = c.get('caller');
    if (all === 'true') requireAdmin(caller);
    const { items, total } = await containers.list(all === 'true' ? null : caller.userId, page);
    return c.json(envelope(items.map(show(deps)), total, page), 200);
  });

  app.openapi(get, async (c) => {
    const container = await ownContainer(containers, c.req.valid('param').id, c.get('caller'));
    return c.json(show(deps)(container), 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    await ownContainer(containers, id, c.get('caller'));
    await containers.delete(id);
    deps.reconciler.kick(id);
    return c.body(null, 204);
  });
}

/** How this berth shows a container. */
export function show(deps: Pick<ApiDeps, 'domain' | 'gatewayPort'>) {
  return (container: Container) =>
    containerView(container, { domain: deps.domain, port: deps.gatewayPort() });
}
