import { createRoute } from '@hono/zod-openapi';
import type { Container } from '../domain/container.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { hostnamesOf } from '../domain/hostname.ts';
import { ownContainer, requireOwner } from './access.ts';
import { readBody } from './body.ts';
import { ContainerId, show } from './containers.ts';
import type { ApiDeps } from './deps.ts';
import { invalid } from './field-errors.ts';
import { requireFits } from './machine.ts';
import { type Api, json, jsonBody, problems } from './openapi.ts';
import { refuseNamesOfOthers } from './own-hostnames.ts';
import {
  applyChange,
  type ContainerChange,
  containerChange,
  newContainer,
} from './schemas/container-request.ts';
import { ContainerView } from './schemas/container-view.ts';

const tags = ['containers'];
const security = [{ bearer: [] }];
const description =
  'Its owner or an ADMIN. What is left out keeps its value; `env` replaces the whole map. Makes a new revision, even ' +
  'where nothing differs, and deploys it.';

const MEMORY_WITHOUT_GPU = {
  path: 'gpuMemory',
  message: 'needs a GPU: set gpu to at least 1, or leave it out',
};

/** What may be wrong with a spec. */
const refusals = [
  ...(['invalid', 'too-large', 'unsupported-media-type'] as const),
  ...(['conflict', 'unsatisfiable'] as const),
];

/** Create: records what is wanted, and has the reconciler make it so. */
export function registerCreate(app: Api, deps: ApiDeps): void {
  const NewContainer = newContainer(deps);
  const create = createRoute({
    method: 'post',
    path: '/v1/containers',
    tags,
    security,
    summary: 'Create and deploy a container',
    request: { body: jsonBody(app, 'NewContainer', NewContainer) },
    responses: { 201: json(ContainerView, 'Accepted; it is being deployed'), ...problems(...refusals) },
  });
  app.openapi(create, async (c) => {
    await deps.gpus.detected();
    const spec = await readBody(c, NewContainer);
    const id = deps.newId();
    await refuseNamesOfOthers(spec.hostnames, id, deps.domain, deps.containers);
    const createdBy = c.get('caller').userId;
    const made = await deps.containers.create({
      id,
      createdBy,
      ...accepted(deps, id, spec, spec),
      now: deps.now(),
    });
    deps.reconciler.kick(id);
    return c.json(show(deps)(made), 201);
  });
}

/** Update: the next revision. */
export function registerUpdate(app: Api, deps: ApiDeps): void {
  const Change = containerChange(deps);
  const update = createRoute({
    method: 'put',
    path: '/v1/containers/{id}',
    tags,
    security,
    summary: 'Update a container',
    description,
    request: { params: ContainerId, body: jsonBody(app, 'ContainerChange', Change) },
    responses: {
      200: json(ContainerView, 'Accepted; it is being deployed'),
      ...problems(...refusals, 'forbidden', 'not-found'),
    },
  });
  app.openapi(update, async (c) => {
    const { id } = c.req.valid('param');
    const caller = c.get('caller');
    await ownContainer(deps.containers, id, caller);
    await deps.gpus.detected();
    const change = await readBody(c, Change);
    await refuseNamesOfOthers(change.hostnames ?? [], id, deps.domain, deps.containers);
    const next = (container: Container) => {
      requireOwner(container, caller);
      return accepted(deps, id, applyChange(container.latest.spec, change), change);
    };
    const updated = await deps.containers.update(id, next, deps.now());
    deps.reconciler.kick(id);
    return c.json(show(deps)(updated), 200);
  });
}

/** A spec that this machine can run, of which `asked` came with this request, and the host names that it needs. */
function accepted(deps: ApiDeps, id: string, spec: ContainerSpec, asked: ContainerChange) {
  if (spec.gpu === 0 && asked.gpuMemory) throw invalid([MEMORY_WITHOUT_GPU]);
  requireFits(spec, asked, deps.machine(), deps.gpus.latest());
  return { spec, hostnames: hostnamesOf(spec, id, deps.domain) };
}
