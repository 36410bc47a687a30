import type { RequestListener, ServerResponse } from 'node:http';
import type { Container, Gpu } from '../../src/client/wire.ts';

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

/** A GPU as the API would show it. */
export function gpu(fields: Partial<Gpu>): Gpu {
  return {
    uuid: 'GPU-0',
    index: 0,
    name: 'NVIDIA GeForce RTX 3090',
    code: '3090',
    model: 'Nvidia rtx-3090',
    memoryTotal: 24 * 1024 ** 3,
    memoryUsed: 0,
    utilization: 0,
    temperature: 30,
    power: 20,
    holders: [],
    waiting: [],
    state: 'usable',
    stateReason: null,
    ...fields,
  };
}

/** What the scripted API does. */
export interface Script {
  /** What a list shows. */
  readonly containers?: readonly Container[];
  /** What a create and each look at the container after it show; the last one stays. */
  readonly deploy?: readonly Container[];
  /** What each look at the GPUs shows; the last one stays. */
  readonly gpus?: readonly (readonly Gpu[])[];
  /** What is told beside the GPUs. */
  readonly reason?: string;
  /** The body of a log stream. */
  readonly log?: string;
}

/** Plays a script, so that a test sees a state that the real berthd passes through too quickly, or never shows. */
export function scriptedApi(script: Script): RequestListener {
  const { containers = [], deploy = [], gpus = [], reason = null, log = '' } = script;
  const next = inTurn(deploy);
  const nextGpus = inTurn(gpus);
  return (request, response) => {
    const path = request.url?.replace(/\?.*$/, '') ?? '';
    if (request.method === 'POST') answer(response, 201, next());
    else if (request.method === 'DELETE') response.writeHead(204).end();
    else if (path.endsWith('/logs'))
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(log);
    else if (path === '/v1/containers') answer(response, 200, page(containers));
    else if (path === '/v1/gpus') answer(response, 200, { ...page(nextGpus() ?? []), reason });
    else answer(response, 200, next());
  };
}

/** One after the other; the last one stays. */
function inTurn<T>(looks: readonly T[]): () => T | undefined {
  let look = 0;
  return () => looks[Math.min(look++, looks.length - 1)];
}

function page(items: readonly unknown[]) {
  return { items, total: items.length, page: 1, rowsPerPage: 1000 };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
