import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GpuClaims } from '../../src/api/deps.ts';
import { exposition, type Gauge } from '../../src/api/exposition.ts';
import type { Gpu, GpuInventory } from '../../src/domain/gpu.ts';
import { findGpuModel } from '../../src/domain/gpu-model.ts';
import { NO_GPUS, sightOf } from '../support/gpu-sight.ts';
import { HELLO, idOf, startApi, type TestApi } from './api.ts';

const GIB = 1024 ** 3;

const WELL: Gpu = {
  uuid: 'GPU-well',
  index: 0,
  name: 'NVIDIA A100-SXM4-80GB',
  model: findGpuModel('a100') ?? null,
  kind: 'card',
  memoryBytes: 80 * GIB,
  state: { kind: 'usable' },
  reading: { memoryUsedBytes: 2 * GIB, utilization: 37, temperature: 41, power: 61.5 },
};

/** Nothing is known of it but that it was there. */
const LOST: Gpu = {
  ...{
    ...WELL,
    uuid: 'GPU-lost',
    index: 1,
    name: 'Odd "card" \\ of\ntwo lines',
    model: null,
    memoryBytes: null,
  },
  state: { kind: 'lost', reason: 'off the bus' },
  reading: { memoryUsedBytes: null, utilization: null, temperature: null, power: null },
};

const MACHINE: GpuInventory = { gpus: [WELL, LOST], reason: null, nearness: () => 0 };

/** A sample as Prometheus would read it. */
interface Read {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the text format by its grammar; throws where a line doesn't hold to it. */
function read(text: string): Read[] {
  expect(text).toMatch(/\n$/);
  const described = new Set<string>();
  const typed = new Set<string>();
  return text
    .slice(0, -1)
    .split('\n')
    .flatMap((line) => {
      const [, word, about = ''] = /^# (HELP|TYPE) ([a-z_]+) (?:gauge$|\S.*$)/s.exec(line) ?? [];
      if (word !== undefined) {
        const before = word === 'HELP' ? described : typed;
        expect(before, `${word} ${about} twice`).not.toContain(about);
        before.add(about);
        return [];
      }
      const [, name = '', labels = '', value = ''] =
        /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)+)\})? (\S+)$/.exec(line) ?? [];
      expect(typed, line).toContain(name);
      expect(described, line).toContain(name);
      return [{ name, labels: readLabels(labels), value: readNumber(value) }];
    });
}

function readLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"/g)];
  return Object.fromEntries(
    pairs.map(([, name, value = '']) => [name, value.replaceAll(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c))]),
  );
}

function readNumber(text: string): number {
  if (/^[+-]Inf$/.test(text)) return text === '+Inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  expect(text).toMatch(/^(NaN|-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)$/);
  return Number(text);
}

/** The values of a gauge by one of its labels. */
function values(samples: readonly Read[], name: string, label: string): Record<string, number> {
  const of = samples.filter((sample) => sample.name === name);
  return Object.fromEntries(of.map(({ labels, value }) => [labels[label], value]));
}

describe('the text', () => {
  test('gives every label and value back, whatever they hold', () => {
    const label = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^["\\\n\r{}=, ]*$/));
    const sample = fc.record({
      labels: fc.dictionary(fc.stringMatching(/^[a-z][a-z_]{0,8}$/), label, {
        noNullPrototype: true,
        maxKeys: 4,
      }),
      value: fc.double(),
    });
    fc.assert(
      fc.property(fc.array(sample), label, (samples, help) => {
        const gauges: Gauge[] = [
          { name: 'a', help: `x${help}`, samples },
          { name: 'b', help: 'b', samples: [] },
        ];
        expect(read(exposition(gauges))).toEqual(
          samples.map((one) => ({ name: 'a', ...one, value: one.value + 0 })),
        );
      }),
    );
  });
});

describe('GET /metrics', () => {
  let api: TestApi;
  let shared: string;
  let plain: string;
  let ann: string;

  const claims = (): GpuClaims => ({
    holders: (uuid) => (uuid === 'GPU-well' ? [shared, 'deleted'] : [shared]),
    waiting: (uuid) => (uuid === 'GPU-well' ? [plain] : []),
  });

  beforeAll(async () => {
    api = await startApi({ gpus: sightOf(MACHINE), gpuClaims: async () => claims(), version: '1.2.3' });
    ann = await api.token('ann "quoted"\\');
    const wanted = { ...HELLO, name: 'shared', gpu: 1, gpuMemory: '8Gi', cpu: 0.5, ram: '512Mi' };
    shared = idOf(await api.call('POST', '/v1/containers', { token: ann, body: wanted }));
    plain = idOf(await api.call('POST', '/v1/containers', { body: { ...HELLO, name: 'plain' } }));
    await api.containers.markFailed(plain, 1, 'no');
    await api.containers.setStatus(plain, 1, 'failed', 'no');
  });
  afterAll(() => api[Symbol.asyncDispose]());

  const scraped = async (token?: string) =>
    read((await api.call('GET', '/metrics', token === undefined ? {} : { token })).text);

  test('is the text format that Prometheus asks for, and asks for a token', async () => {
    const answer = await api.call('GET', '/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await api.call('GET', '/metrics', { token: null })).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
    });
    expect(await api.call('GET', '/metrics', { token: 'x.y.z' })).toMatchObject({ status: 401 });
    expect(await api.call('HEAD', '/metrics')).toMatchObject({ status: 200, text: '' });
    expect(await api.call('POST', '/metrics')).toMatchObject({ status: 405 });
  });

  test('tells of each card what the driver says, and leaves out what it does not', async () => {
    const samples = await scraped();
    const card = (name: string) => values(samples, `berth_gpu_${name}`, 'uuid');
    expect(card('memory_total_bytes')).toEqual({ 'GPU-well': 80 * GIB });
    expect(card('memory_used_bytes')).toEqual({ 'GPU-well': 2 * GIB });
    expect(card('utilization_ratio')).toEqual({ 'GPU-well': 0.37 });
    expect(card('temperature_celsius')).toEqual({ 'GPU-well': 41 });
    expect(card('power_watts')).toEqual({ 'GPU-well': 61.5 });
    expect(card('usable')).toEqual({ 'GPU-well': 1, 'GPU-lost': 0 });
    expect(card('holders')).toEqual({ 'GPU-well': 2, 'GPU-lost': 1 });
    expect(card('waiting')).toEqual({ 'GPU-well': 1, 'GPU-lost': 0 });
    expect(samples.filter(({ name }) => name === 'berth_gpu_usable').map(({ labels }) => labels)).toEqual([
      { uuid: 'GPU-well', index: '0', name: 'NVIDIA A100-SXM4-80GB', model: 'Nvidia a100' },
      { uuid: 'GPU-lost', index: '1', name: 'Odd "card" \\ of\ntwo lines', model: '' },
    ]);
  });

  test('tells of each container how it is, what it may have and what it holds', async () => {
    const samples = await scraped();
    const container = (name: string) => values(samples, `berth_container_${name}`, 'id');
    expect(container('cpu_limit_cores')).toEqual({ [shared]: 0.5, [plain]: 1 });
    expect(container('memory_limit_bytes')).toEqual({ [shared]: 512 * 1024 ** 2, [plain]: 512 * 1024 ** 2 });
    expect(container('gpus_wanted')).toEqual({ [shared]: 1, [plain]: 0 });
    expect(container('gpus')).toEqual({ [shared]: 2, [plain]: 0 });
    expect(container('gpu_memory_reserved_bytes')).toEqual({ [shared]: 8 * GIB });
    const statuses = samples.filter(
      ({ name, labels }) => name === 'berth_container_status' && labels.id === plain,
    );
    expect(values(statuses, 'berth_container_status', 'status')).toEqual({
      deployed: 0,
      deploying: 0,
      failed: 1,
    });
    expect(
      samples.find(({ name, labels }) => name === 'berth_container_info' && labels.id === shared),
    ).toEqual({
      name: 'berth_container_info',
      labels: { id: shared, name: 'shared', image: HELLO.image, revision: '1', created_by: 'ann "quoted"\\' },
      value: 1,
    });
    expect(values(samples, 'berth_build_info', 'version')).toEqual({ '1.2.3': 1 });
  });

  test('shows a user every card and their own containers, the Unix socket all', async () => {
    const mine = await scraped(ann);
    expect(Object.keys(values(mine, 'berth_gpu_usable', 'uuid'))).toEqual(['GPU-well', 'GPU-lost']);
    expect(Object.keys(values(mine, 'berth_container_info', 'id'))).toEqual([shared]);
    const local = read((await api.callLocal('GET', '/metrics')).text);
    expect(Object.keys(values(local, 'berth_container_info', 'id')).toSorted()).toEqual(
      [shared, plain].toSorted(),
    );
  });

  test('says every series once', async () => {
    const series = (await scraped()).map(({ name, labels }) => JSON.stringify([name, labels]));
    expect(new Set(series).size).toBe(series.length);
  });

  test('answers with the last reading where the driver hangs, and without cards where there are none', async () => {
    const hanging = { ...sightOf(MACHINE), fresh: () => new Promise<never>(() => {}) };
    await using slow = await startApi({ gpus: hanging });
    expect(values(read((await slow.call('GET', '/metrics')).text), 'berth_gpu_usable', 'uuid')).toEqual({
      'GPU-well': 1,
      'GPU-lost': 0,
    });
    await using none = await startApi({ gpus: sightOf(NO_GPUS) });
    expect(values(read((await none.call('GET', '/metrics')).text), 'berth_gpu_usable', 'uuid')).toEqual({});
  });
});
