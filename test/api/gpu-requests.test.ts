import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GpuSight } from '../../src/api/deps.ts';
import type { Gpu } from '../../src/domain/gpu.ts';
import { device, machineOf } from '../support/gpu-devices.ts';
import { NO_GPUS, sightOf } from '../support/gpu-sight.ts';
import { fieldsOf, HELLO, idOf, startApi, type TestApi } from './api.ts';

const card = device('GPU-0', '3090', 24, { name: 'NVIDIA GeForce RTX 3090' });
const twin = { ...card, uuid: 'GPU-1' };
const t4 = device('GPU-2', 't4', 15, { name: 'Tesla T4' });
const odd = device('GPU-3', null, null, { name: 'NVIDIA Odd 9000' });
const HAS = '2 × Nvidia rtx-3090, 1 × Nvidia t4 and 1 × NVIDIA Odd 9000';

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ gpus: sightOf(machineOf([card, twin, t4, odd])) });
});
afterAll(() => api[Symbol.asyncDispose]());

const create = (body: object) => api.call('POST', '/v1/containers', { body: { ...HELLO, ...body } });
const change = (id: string, body: object) => api.call('PUT', `/v1/containers/${id}`, { body });

describe('what this machine has is taken', () => {
  test.each([
    ['any', { gpu: 1 }],
    ['as many as there are of one model', { gpu: 2, desiredGPUs: ['3090'] }],
    ['a name of the catalogue in any case', { gpu: 1, desiredGPUs: ['NVIDIA T4'] }],
    ['a model that it lacks beside one that it has', { gpu: 1, desiredGPUs: ['a100', 't4'] }],
    ['the name of a card', { gpu: 1, desiredGPUs: ['nvidia odd 9000'] }],
    ['the name of a card that the catalogue knows', { gpu: 2, desiredGPUs: ['NVIDIA GeForce RTX 3090'] }],
    ['all the memory of a card', { gpu: 2, gpuMemory: '24Gi' }],
    ['a wish without a GPU', { desiredGPUs: ['t4'] }],
    ['a large /dev/shm', { shmSize: '4Gi' }],
  ])('%s', async (_case, body) => {
    expect(await create(body)).toMatchObject({ status: 201, json: body });
  });

  test('/dev/shm has 64Mi, with a GPU 1Gi, else what was asked for', async () => {
    const sizes = [{}, { gpu: 1 }, { gpu: 1, shmSize: '128Mi' }].map(
      async (body) => (await create(body)).json,
    );
    expect(await Promise.all(sizes)).toMatchObject([
      { shmSize: '64Mi', gpuMemory: null },
      { shmSize: '1Gi' },
      { shmSize: '128Mi' },
    ]);
  });

  test('a lost card is one that the machine has', async () => {
    const lost: Gpu = { ...t4, state: { kind: 'lost', reason: 'has fallen off the bus' } };
    await using own = await startApi({ gpus: sightOf(machineOf([lost])) });
    const body = { ...HELLO, gpu: 1, desiredGPUs: ['t4'] };
    expect(await own.call('POST', '/v1/containers', { body })).toMatchObject({ status: 201 });
  });
});

describe('what this machine can never give is a 422 with what it has', () => {
  test.each([
    [
      'a model that it lacks',
      { gpu: 1, desiredGPUs: ['A100'] },
      { desiredGPUs: `this machine has no Nvidia a100; it has ${HAS}` },
    ],
    [
      'several models that it lacks, each once',
      { gpu: 1, desiredGPUs: ['a100', 'Nvidia a100', 'h100', 'p4'] },
      { desiredGPUs: `this machine has no Nvidia a100, Nvidia h100 or Nvidia tesla-p4; it has ${HAS}` },
    ],
    [
      'a model that it lacks, though no GPU is asked for',
      { desiredGPUs: ['a100'] },
      { desiredGPUs: `this machine has no Nvidia a100; it has ${HAS}` },
    ],
    [
      'more than it has of any model',
      { gpu: 3 },
      { gpu: '3 GPUs of one model were asked for and this machine has 2 × Nvidia rtx-3090' },
    ],
    [
      'more than it has of the wished',
      { gpu: 2, desiredGPUs: ['t4'] },
      { gpu: '2 GPUs of one model were asked for and this machine has 1 × Nvidia t4' },
    ],
    [
      'more memory than a card has',
      { gpu: 1, gpuMemory: '30Gi' },
      { gpuMemory: '30Gi were asked for and the largest GPU that would do has 24Gi' },
    ],
    [
      'more memory than so many cards have',
      { gpu: 2, gpuMemory: '30Gi' },
      {
        gpuMemory:
          '30Gi were asked for of each GPU, and no 2 GPUs of one model that would do have more than 24Gi each',
      },
    ],
    [
      'memory of a card that does not tell its own',
      { gpu: 1, gpuMemory: '1Gi', desiredGPUs: ['NVIDIA Odd 9000'] },
      {
        gpuMemory:
          "the driver doesn't say how much memory the GPUs that would do have, so berth can't share them: leave it out",
      },
    ],
    [
      'a /dev/shm larger than its memory',
      { shmSize: '5Gi' },
      { shmSize: 'this machine has 4Gi of memory and 5Gi were asked for' },
    ],
  ])('%s', async (_case, body, faults) => {
    const answer = await create(body);
    const errors = Object.entries(faults).map(([path, message]) => ({ path, message }));
    expect(answer).toMatchObject({
      status: 422,
      json: { type: 'urn:berth:problem:unsatisfiable', errors },
    });
  });

  test('all of it at once', async () => {
    const answer = await create({ gpu: 9, gpuMemory: '30Gi', cpu: 64, ram: '1Ti', shmSize: '1Ti' });
    expect(answer.status).toBe(422);
    expect(fieldsOf(answer)).toEqual(['gpu', 'gpuMemory', 'cpu', 'ram', 'shmSize']);
  });

  test('without any GPU, with the reason', async () => {
    await using none = await startApi();
    for (const [path, body] of [
      ['gpu', { gpu: 1 }],
      ['desiredGPUs', { desiredGPUs: ['a100'] }],
    ] as const) {
      const message =
        'this machine has no GPU that berth can give to a container: nvidia-smi is not installed';
      expect(await none.call('POST', '/v1/containers', { body: { ...HELLO, ...body } })).toMatchObject({
        status: 422,
        json: { errors: [{ path, message }] },
      });
    }
  });

  test('in an update too, which is then no revision', async () => {
    const id = idOf(await create({ gpu: 1 }));
    expect(fieldsOf(await change(id, { gpu: 3 }))).toEqual(['gpu']);
    expect(fieldsOf(await change(id, { desiredGPUs: ['a100'] }))).toEqual(['desiredGPUs']);
    expect(await api.call('GET', `/v1/containers/${id}`)).toMatchObject({ json: { revision: 1 } });
  });
});

describe('what the request alone tells to be wrong is a 400', () => {
  test.each(['NVIDIA Odd 9001', 'GPU-0', 'abacus', '', 'Tesla T4 ', 'tesla'])(
    'the wish %j, which neither the catalogue nor this machine knows',
    async (word) => {
      const answer = await create({ gpu: 1, desiredGPUs: ['t4', word] });
      expect(answer.status).toBe(400);
      expect(fieldsOf(answer)).toEqual(['desiredGPUs.1']);
    },
  );

  test('the name of a card on another machine', async () => {
    await using other = await startApi({ gpus: sightOf(machineOf([t4])) });
    const body = { ...HELLO, gpu: 1, desiredGPUs: ['NVIDIA Odd 9000'] };
    expect(fieldsOf(await other.call('POST', '/v1/containers', { body }))).toEqual(['desiredGPUs.0']);
  });

  test('memory of GPUs without a GPU, in a create and in an update', async () => {
    const message = 'needs a GPU: set gpu to at least 1, or leave it out';
    const refused = { status: 400, json: { errors: [{ path: 'gpuMemory', message }] } };
    expect(await create({ gpuMemory: '1Gi' })).toMatchObject(refused);
    const id = idOf(await create({ gpu: 1, gpuMemory: '1Gi' }));
    expect(await change(id, { gpu: 0, gpuMemory: '1Gi' })).toMatchObject(refused);
  });
});

describe('gpu 0 always works', () => {
  test('with a wish and memory kept from before, whatever the machine has by now', async () => {
    let sight: GpuSight = sightOf(machineOf([t4]));
    const gpus: GpuSight = {
      latest: () => sight.latest(),
      detected: () => sight.detected(),
      fresh: () => sight.fresh(),
    };
    await using own = await startApi({ gpus });
    const kept = { desiredGPUs: ['Tesla T4'], gpuMemory: '8Gi' };
    const id = idOf(await own.call('POST', '/v1/containers', { body: { ...HELLO, gpu: 1, ...kept } }));
    sight = sightOf(NO_GPUS);
    for (const body of [{ gpu: 0 }, { cpu: 2 }]) {
      const answer = await own.call('PUT', `/v1/containers/${id}`, { body });
      expect(answer).toMatchObject({ status: 200, json: { gpu: 0, ...kept, shmSize: '64Mi' } });
    }
    const again = await own.call('PUT', `/v1/containers/${id}`, { body: { gpu: 1 } });
    expect(again).toMatchObject({ status: 422 });
    expect(fieldsOf(again)).toEqual(['desiredGPUs']);
  });

  test('null takes cards whole again, and asks for none in particular', async () => {
    const id = idOf(await create({ gpu: 1, gpuMemory: '1Gi', desiredGPUs: ['t4'], shmSize: '2Gi' }));
    const none = { gpuMemory: null, desiredGPUs: null, shmSize: null };
    expect(await change(id, none)).toMatchObject({
      status: 200,
      json: { gpu: 1, gpuMemory: null, desiredGPUs: null, shmSize: '1Gi' },
    });
  });
});

test('a request that comes before the first look at the GPUs waits for it', async () => {
  let known = NO_GPUS;
  const gpus: GpuSight = {
    latest: () => known,
    async detected() {
      known = machineOf([t4]);
      return known;
    },
    fresh: async () => known,
  };
  await using own = await startApi({ gpus });
  const body = { ...HELLO, gpu: 1, desiredGPUs: ['tesla t4'] };
  expect(await own.call('POST', '/v1/containers', { body })).toMatchObject({ status: 201 });
});
