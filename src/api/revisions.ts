import { createRoute } from '@hono/zod-openapi';
import { ownContainer } from './access.ts';
import { ContainerId } from './containers.ts';
import type { ApiDeps } from './deps.ts';
import { type Api, json, problems } from './openapi.ts';
import { RevisionView, revisionView } from './schemas/container-view.ts';
import { envelope, pageQuery, pageView } from './schemas/paging.ts';

const revisions = createRoute({
  method: 'get',
  path: '/v1/containers/{id}/revisions',
  tags: ['containers'],
  security: [{ bearer: [] }],
  summary: "A container's revisions, highest number first",
  description: 'Its owner or an ADMIN.',
  request: { params: ContainerId, query: pageQuery() },
  responses: {
    200: json(pageView('RevisionPage', RevisionView), 'A page of revisions'),
    ...problems('invalid', 'forbidden', 'not-found'),
  },
});

/** The revisions of a container. */
export function registerRevisions(app: Api, { containers }: ApiDeps): void {
  app.openapi(revisions, async (c) => {
    const { id } = c.req.valid('param');
    const page = c.req.valid('query');
    await ownContainer(containers, id, c.get('caller'));
    const { items, total } = await containers.revisions(id, page);
    return c.json(envelope(items.map(revisionView), total, page), 200);
  });
}
