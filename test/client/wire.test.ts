import { expect, test } from 'vitest';
import { newContainer } from '../../src/api/schemas/container-request.ts';
import type { NewContainer } from '../../src/client/wire.ts';
import { NO_GPUS, sightOf } from '../support/gpu-sight.ts';

const everyField: Required<NewContainer> = {
  name: 'web',
  image: 'nginx:1.28',
  cpu: 0.5,
  ram: '512Mi',
  gpu: 0,
  ephemeralStorage: '1Gi',
  command: ['nginx'],
  arguments: ['-g', 'daemon off;'],
  env: { FOO: 'bar' },
  port: 8080,
  desiredGPUs: null,
  gpuMemory: '8Gi',
  shmSize: '1Gi',
  hostnames: ['app.example.com'],
  healthPath: '/healthz',
  requestTimeout: '30s',
  volumes: [{ name: 'data', path: '/data' }],
};

test('what the client may send is what the API takes, field by field', () => {
  const schema = newContainer({ domain: 'localhost', allowedHosts: [], gpus: sightOf(NO_GPUS) });
  expect(Object.keys(everyField).toSorted()).toEqual(Object.keys(schema.shape).toSorted());
  expect(schema.safeParse(everyField).error).toBeUndefined();
});
