import type { Container, Outcome, Revision } from '../../src/domain/container.ts';
import type { ContainerSpec } from '../../src/domain/container-spec.ts';
import { hostnamesOf } from '../../src/domain/hostname.ts';
import { parseImageReference } from '../../src/domain/image-reference.ts';
import type { Instance, InstanceState } from '../../src/domain/instance.ts';
import type { Route } from '../../src/domain/route.ts';
import { Memory } from '../../src/reconcile/memory.ts';
import type { Situation } from '../../src/reconcile/situation.ts';

export const ID = '6aae435c-e3e6-4976-a5e0-f99a9f930e44';
export const DOMAIN = 'localhost';
export const NOW = Date.UTC(2026, 0, 1);
export const RUNNING: InstanceState = { kind: 'running', startedAt: new Date(NOW - 1_000) };
export const EXITED: InstanceState = {
  kind: 'exited',
  exitCode: 1,
  outOfMemory: false,
  finishedAt: new Date(NOW - 10),
};

/** A spec that nothing in a plan depends on, but for its port. */
export function spec(): ContainerSpec {
  const image = parseImageReference('web:1');
  if (!image.ok) throw new Error(image.problem);
  return {
    name: 'web',
    image: image.image,
    cpu: 1,
    ram: { text: '64Mi', bytes: 64 * 1024 ** 2 },
    gpu: 0,
    ephemeralStorage: { text: '1Gi', bytes: 1024 ** 3 },
    command: null,
    arguments: null,
    env: {},
    port: 80,
    desiredGPUs: null,
    hostnames: [],
    healthPath: null,
    requestTimeout: { text: '5m', ms: 300_000 },
    gpuMemory: null,
    shmSize: null,
    volumes: [],
  };
}

export function revision(number: number, outcome: Outcome = { kind: 'pending' }): Revision {
  return { containerId: ID, number, spec: spec(), outcome, createdAt: new Date(NOW) };
}

export function container(latest: Revision, serving: Revision | null = null): Container {
  const at = new Date(NOW);
  return {
    id: ID,
    createdBy: 'ada',
    createdAt: at,
    updatedAt: at,
    latest,
    serving,
    status: 'deploying',
    statusReason: null,
  };
}

export function instance(
  revisionNumber: number,
  state: InstanceState = RUNNING,
  id = `i${revisionNumber}`,
): Instance {
  return {
    id,
    containerId: ID,
    revision: revisionNumber,
    address: `10.0.0.${revisionNumber}`,
    gpus: [],
    state,
  };
}

/** The route that sends to these instances. */
export function routeTo(...instances: readonly Instance[]): Route {
  const upstreams = instances.map(({ id, address }) => ({ instance: id, host: address ?? '', port: 80 }));
  return { containerId: ID, hosts: hostnamesOf(spec(), ID, DOMAIN), requestTimeoutMs: 300_000, upstreams };
}

export function situation(given: Partial<Situation>): Situation {
  return {
    containerId: ID,
    container: undefined,
    instances: [],
    route: routeTo(),
    gpus: { holdings: new Map(), lost: new Map(), waiting: new Map() },
    progress: new Memory(),
    domain: DOMAIN,
    watchedSince: 0,
    now: NOW,
    ...given,
  };
}
