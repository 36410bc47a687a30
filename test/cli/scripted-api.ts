import type { RequestListener, ServerResponse } from 'node:http';
import type { Container } from '../../src/client/wire.ts';

/** A container as the API would show it. */
export function container(fields: Partial<Container>): Container {
  return {
    id: '11111111-1111-4111-8111-111111111111',
    name: 'web',
    createdBy: 'local',
    image: 'nginx:1.28',
    cpu: 1,
    ram: '512Mi',
    gpu: 0,
    ephemeralStorage: '10Gi',
    command: null,
    arguments: null,
    env: {},
    port: '80',
    dateCreated: '2026-01-01T00:00:00Z',
    dateUpdated: '2026-01-01T00:00:00Z',
    status: 'deploying',
    urls: null,
    desiredGPUs: null,
    gpuMemory: null,
    shmSize: '64Mi',
    hostnames: [],
    healthPath: null,
    requestTimeout: '5m',
    volumes: [],
    revision: 1,
    servingRevision: null,
    statusReason: null,
    ...fields,
  };
}

/** What the scripted API does. */
export interface Script {
  /** What a list shows. */
  readonly containers?: readonly Container[];
  /** What a create and each look at the container after it show; the last one stays. */
  readonly deploy?: readonly Container[];
  /** The body of a log stream. */
  readonly log?: string;
}

/** Plays a script, so that a test sees a state that the real berthd passes through too quickly, or never shows. */
export function scriptedApi({ containers = [], deploy = [], log = '' }: Script): RequestListener {
  let looks = 0;
  const next = () => deploy[Math.min(looks++, deploy.length - 1)];
  return (request, response) => {
    const path = request.url?.replace(/\?.*$/, '') ?? '';
    if (request.method === 'POST') answer(response, 201, next());
    else if (request.method === 'DELETE') response.writeHead(204).end();
    else if (path.endsWith('/logs'))
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(log);
    else if (path === '/v1/containers') answer(response, 200, page(containers));
    else answer(response, 200, next());
  };
}

function page(items: readonly Container[]) {
  return { items, total: items.length, page: 1, rowsPerPage: 1000 };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
