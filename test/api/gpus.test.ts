import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { GpuView } from '../../src/api/schemas/gpu-view.ts';
import type { GpuInventory } from '../../src/domain/gpu.ts';
import { device, machineOf } from '../support/gpu-devices.ts';
import { NO_CLAIMS, NO_GPUS, sightOf } from '../support/gpu-sight.ts';
import { fieldsOf, itemsOf, startApi } from './api.ts';

const GIB = 1024 ** 3;

const t4 = device('GPU-t4', 't4', 15, {
  name: 'Tesla T4',
  reading: { memoryUsedBytes: 3 * GIB, utilization: 42, temperature: 61, power: 27.5 },
});
const unknown = device('GPU-odd', null, null, { name: 'NVIDIA Odd 9000' });
const lost = device('GPU-lost', '3090', 24, { state: { kind: 'lost', reason: 'has fallen off the bus' } });

test('GET /v1/gpus shows what each does, who has it and who waits, to anyone with a token', async () => {
  const [holder, other, waiter] = [randomUUID(), randomUUID(), randomUUID()];
  await using api = await startApi({
    gpus: sightOf(machineOf([t4, unknown, lost], '1 GPU has fallen off the bus')),
    gpuClaims: async () => ({
      holders: (uuid) => (uuid === 'GPU-t4' ? [holder, other] : []),
      waiting: (uuid) => (uuid === 'GPU-t4' ? [waiter] : []),
    }),
  });
  const answer = await api.call('GET', '/v1/gpus', { token: await api.token('ann') });
  const bare = { memoryUsed: null, utilization: null, temperature: null, power: null };
  const nobody = { holders: [], waiting: [] };
  expect(answer).toMatchObject({ status: 200 });
  expect(answer.json).toEqual({
    items: [
      {
        ...{ uuid: 'GPU-t4', index: 0, name: 'Tesla T4', code: 't4', model: 'Nvidia t4' },
        ...{ memoryTotal: 15 * GIB, memoryUsed: 3 * GIB, utilization: 42, temperature: 61, power: 27.5 },
        ...{ holders: [holder, other], waiting: [waiter], state: 'usable', stateReason: null },
      },
      {
        ...{ uuid: 'GPU-odd', index: 1, name: 'NVIDIA Odd 9000', code: null, model: null, memoryTotal: null },
        ...{ ...bare, ...nobody, state: 'usable', stateReason: null },
      },
      {
        ...{ uuid: 'GPU-lost', index: 2, name: 'NVIDIA 3090', code: '3090', model: 'Nvidia rtx-3090' },
        ...{
          memoryTotal: 24 * GIB,
          ...bare,
          ...nobody,
          state: 'lost',
          stateReason: 'has fallen off the bus',
        },
      },
    ],
    total: 3,
    page: 1,
    rowsPerPage: 10,
    reason: '1 GPU has fallen off the bus',
  });
  for (const item of itemsOf(answer)) expect(GpuView.safeParse(item).error).toBeUndefined();
});

test('it is paged as every list', async () => {
  const gpus = Array.from({ length: 12 }, (_, n) => device(`GPU-${n}`, 'a100', 80));
  await using api = await startApi({ gpus: sightOf(machineOf(gpus)) });
  const second = await api.call('GET', '/v1/gpus?page=2');
  expect(second.json).toMatchObject({ total: 12, page: 2, rowsPerPage: 10, reason: null });
  expect(itemsOf(second).map(({ uuid }) => uuid)).toEqual(['GPU-10', 'GPU-11']);
  expect(itemsOf(await api.call('GET', '/v1/gpus?page=3'))).toEqual([]);
});

test('a machine without GPUs says why there are none', async () => {
  await using api = await startApi();
  expect(await api.call('GET', '/v1/gpus')).toMatchObject({
    status: 200,
    json: { items: [], total: 0, reason: 'nvidia-smi is not installed' },
  });
});

test('it shows the GPUs as they are now, and nobody sees them without a token', async () => {
  let now: GpuInventory = NO_GPUS;
  const gpus = { ...sightOf(NO_GPUS), fresh: async () => now };
  await using api = await startApi({ gpus, gpuClaims: async () => NO_CLAIMS });
  now = machineOf([t4]);
  expect(itemsOf(await api.call('GET', '/v1/gpus'))).toMatchObject([{ uuid: 'GPU-t4' }]);
  expect(await api.call('GET', '/v1/gpus', { token: null })).toMatchObject({ status: 401 });
});

test('the document tells of it, field by field', async () => {
  const Field = z.object({ type: z.unknown() }).or(z.object({ enum: z.unknown() }));
  const Document = z.object({
    paths: z.object({
      '/v1/gpus': z.object({ get: z.object({ responses: z.record(z.string(), z.unknown()) }) }),
    }),
    components: z.object({
      schemas: z.object({
        Gpu: z.object({ properties: z.record(z.string(), Field), additionalProperties: z.literal(false) }),
        GpuPage: z.object({ required: z.array(z.string()), additionalProperties: z.literal(false) }),
      }),
    }),
  });
  await using api = await startApi({ gpus: sightOf(machineOf([t4])) });
  const { paths, components } = Document.parse((await api.call('GET', '/openapi.json')).json);
  const answer = await api.call('GET', '/v1/gpus');
  const [item = {}] = itemsOf(answer);
  expect(Object.keys(paths['/v1/gpus'].get.responses)).toEqual(expect.arrayContaining(['200', '400', '401']));
  expect(Object.keys(components.schemas.Gpu.properties).toSorted()).toEqual(Object.keys(item).toSorted());
  const page = z.record(z.string(), z.unknown()).parse(answer.json);
  expect(components.schemas.GpuPage.required.toSorted()).toEqual(Object.keys(page).toSorted());
});

describe('a page out of range', () => {
  test.each(['page=0', 'rows=1001', 'rows=x'])('%s', async (query) => {
    await using api = await startApi();
    const answer = await api.call('GET', `/v1/gpus?${query}`);
    expect(answer).toMatchObject({ status: 400 });
    expect(fieldsOf(answer)).toEqual([query.split('=')[0]]);
  });
});
