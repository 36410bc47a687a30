import { createRoute, z } from '@hono/zod-openapi';
import type { Container } from '../domain/container.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { hostnamesOf } from '../domain/hostname.ts';
import { ownContainer, requireAdmin, requireOwner } from './access.ts';
import { readBody } from './body.ts';
import type { ApiDeps } from './deps.ts';
import { requireFits } from './machine.ts';
import { type Api, json, jsonBody, problems } from './openapi.ts';
import { applyChange, containerChange, newContainer } from './schemas/container-request.ts';
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

/** Containers: list, get, create, update, delete. */
export function registerContainers(app: Api, deps: ApiDeps): void {
  const { containers, domain } = deps;
  const show = (container: Container) => containerView(container, { domain, port: deps.gatewayPort() });
  const accepted = (id: string, spec: ContainerSpec) => {
    requireFits(spec, deps.machine());
    return { spec, hostnames: hostnamesOf(spec, id, domain) };
  };

  app.openapi(list, async (c) => {
    const { all, ...page } = c.req.valid('query');
    const caller = c.get('caller');
    if (all === 'true') requireAdmin(caller);
    const { items, total } = await containers.list(all === 'true' ? null : caller.userId, page);
    return c.json(envelope(items.map(show), total, page), 200);
  });

  app.openapi(get, async (c) => {
    const container = await ownContainer(containers, c.req.valid('param').id, c.get('caller'));
    return c.json(show(container), 200);
  });

  const NewContainer = newContainer(domain);
  const create = createRoute({
    method: 'post',
    path: '/v1/containers',
    tags,
    security,
    summary: 'Create and deploy a container',
    request: { body: jsonBody(app, 'NewContainer', NewContainer) },
    responses: {
      201: json(ContainerView, 'Accepted; it is being deployed'),
      ...problems('invalid', 'conflict', 'too-large', 'unsupported-media-type', 'unsatisfiable'),
    },
  });
  app.openapi(create, async (c) => {
    const spec = await readBody(c, NewContainer);
    const id = deps.newId();
    const createdBy = c.get('caller').userId;
    const made = await containers.create({ id, createdBy, ...accepted(id, spec), now: deps.now() });
    deps.reconciler.kick(id);
    return c.json(show(made), 201);
  });

  const ContainerChange = containerChange(domain);
  const update = createRoute({
    method: 'put',
    path: '/v1/containers/{id}',
    tags,
    security,
    summary: 'Update a container',
    description:
      'Its owner or an ADMIN. What is left out keeps its value; `env` replaces the whole map. Makes a new revision, even where nothing differs, and deploys it.',
    request: { params: ContainerId, body: jsonBody(app, 'ContainerChange', ContainerChange) },
    responses: {
      200: json(ContainerView, 'Accepted; it is being deployed'),
      ...problems(
        'invalid',
        'forbidden',
        'not-found',
        'conflict',
        'too-large',
        'unsupported-media-type',
        'unsatisfiable',
      ),
    },
  });
  app.openapi(update, async (c) => {
    const { id } = c.req.valid('param');
    const caller = c.get('caller');
    await ownContainer(containers, id, caller);
    const change = await readBody(c, ContainerChange);
    const next = (container: Container) => {
      requireOwner(container, caller);
      return accepted(id, applyChange(container.latest.spec, change));
    };
    const updated = await containers.update(id, next, deps.now());
    deps.reconciler.kick(id);
    return c.json(show(updated), 200);
  });

  app.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    await ownContainer(containers, id, c.get('caller'));
    await containers.delete(id);
    deps.reconciler.kick(id);
    return c.body(null, 204);
  });
}
