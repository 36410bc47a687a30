import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generatedHostname } from '../../src/domain/hostname.ts';
import { fieldsOf, HELLO, idOf, startApi, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

test('hostnames, healthPath, requestTimeout and volumes are kept as given', async () => {
  const extensions = {
    hostnames: ['app.example.com', 'xn--bcher-kva.example'],
    healthPath: '/healthz?deep=1',
    requestTimeout: '1h30m',
    volumes: [
      { name: 'data', path: '/var/lib/data' },
      { name: 'data', path: '/again' },
    ],
  };
  expect(await api.call('POST', '/v1/containers', { body: { ...HELLO, ...extensions } })).toMatchObject({
    status: 201,
    json: extensions,
  });
});

describe('own host names', () => {
  test('are taken in lower case', async () => {
    const body = { ...HELLO, hostnames: ['Mixed.Example.COM'] };
    expect(await api.call('POST', '/v1/containers', { body })).toMatchObject({
      json: { hostnames: ['mixed.example.com'] },
    });
  });

  test('belong to one container: for another they are a 409 that names the field', async () => {
    const body = { ...HELLO, hostnames: ['once.example.com'] };
    const first = idOf(await api.call('POST', '/v1/containers', { body }));
    const second = await api.call('POST', '/v1/containers', { body });
    expect(second).toMatchObject({ status: 409, json: { type: 'urn:berth:problem:conflict' } });
    expect(fieldsOf(second)).toEqual(['hostnames']);
    await api.call('DELETE', `/v1/containers/${first}`);
    expect(await api.call('POST', '/v1/containers', { body })).toMatchObject({ status: 201 });
  });

  test('that berth would give to another container are a 409, in whatever case, and renaming that one goes on', async () => {
    const bob = await api.token('bob');
    const id = idOf(await api.call('POST', '/v1/containers', { token: bob, body: HELLO }));
    const ending = generatedHostname('a', id, 'localhost').slice(1);
    const ada = await api.token('ada');
    const hostnames = ['fine.example.com', `newname${ending}`, `NEW${ending.toUpperCase()}`];
    const asked = await api.call('POST', '/v1/containers', { token: ada, body: { ...HELLO, hostnames } });
    expect(asked).toMatchObject({ status: 409, json: { type: 'urn:berth:problem:conflict' } });
    expect(fieldsOf(asked)).toEqual(['hostnames.1', 'hostnames.2']);
    const own = idOf(await api.call('POST', '/v1/containers', { token: ada, body: HELLO }));
    const changed = await api.call('PUT', `/v1/containers/${own}`, { token: ada, body: { hostnames } });
    expect(fieldsOf(changed)).toEqual(['hostnames.1', 'hostnames.2']);
    const renamed = await api.call('PUT', `/v1/containers/${id}`, { token: bob, body: { name: 'newname' } });
    expect(renamed).toMatchObject({ status: 200, json: { name: 'newname' } });
  });

  test('that only look like a generated one are free, and a container may have those of its own', async () => {
    const hostnames = ['my-frontend.localhost', 'a.b-database.localhost'];
    const made = await api.call('POST', '/v1/containers', { body: { ...HELLO, hostnames } });
    expect(made).toMatchObject({ status: 201, json: { hostnames } });
    const own = generatedHostname('later', idOf(made), 'localhost');
    expect(
      await api.call('PUT', `/v1/containers/${idOf(made)}`, { body: { hostnames: [own] } }),
    ).toMatchObject({ status: 200, json: { hostnames: [own] } });
  });

  test('that are taken leave an update undone', async () => {
    await api.call('POST', '/v1/containers', { body: { ...HELLO, hostnames: ['held.example.com'] } });
    const id = idOf(await api.call('POST', '/v1/containers', { body: HELLO }));
    const body = { hostnames: ['free.example.com', 'held.example.com'] };
    expect(await api.call('PUT', `/v1/containers/${id}`, { body })).toMatchObject({ status: 409 });
    expect(await api.call('GET', `/v1/containers/${id}`)).toMatchObject({
      json: { revision: 1, hostnames: [] },
    });
    const free = { ...HELLO, hostnames: ['free.example.com'] };
    expect(await api.call('POST', '/v1/containers', { body: free })).toMatchObject({ status: 201 });
  });
});

describe('urls', () => {
  test.each([
    [80, ''],
    [443, ''],
    [8080, ':8080'],
  ])('with the gateway on port %i end in "%s"', async (port, suffix) => {
    await using own = await startApi({ gatewayPort: () => port, domain: 'apps.test' });
    const id = idOf(await own.call('POST', '/v1/containers', { body: HELLO }));
    await own.containers.markServing(id, 1, []);
    expect(await own.call('GET', `/v1/containers/${id}`)).toMatchObject({
      json: { urls: [expect.stringMatching(new RegExp(`^hello-world-[a-z2-7]{8}\\.apps\\.test${suffix}$`))] },
    });
  });
});

describe('what this machine can never do is a 422 that names the field', () => {
  const refused = async (body: object) => {
    const answer = await api.call('POST', '/v1/containers', { body: { ...HELLO, ...body } });
    expect(answer).toMatchObject({ status: 422, json: { type: 'urn:berth:problem:unsatisfiable' } });
    return fieldsOf(answer);
  };

  test('more cores or memory than it has, both told', async () => {
    expect(await refused({ cpu: 2.5 })).toEqual(['cpu']);
    expect(await refused({ ram: '5Gi' })).toEqual(['ram']);
    expect(await refused({ cpu: 64, ram: '1Ti' })).toEqual(['cpu', 'ram']);
  });

  test('a GPU, or a wish for one by code or name in any case', async () => {
    expect(await refused({ gpu: 1 })).toEqual(['gpu']);
    expect(await refused({ gpu: 1, desiredGPUs: ['a100'] })).toEqual(['desiredGPUs']);
    expect(await refused({ desiredGPUs: ['NVIDIA Tesla-P4'] })).toEqual(['desiredGPUs']);
  });

  test('no wish is no wish, however it is written', async () => {
    for (const desiredGPUs of [null, []]) {
      expect(await api.call('POST', '/v1/containers', { body: { ...HELLO, desiredGPUs } })).toMatchObject({
        status: 201,
        json: { desiredGPUs: null },
      });
    }
  });

  test('all that it has is allowed', async () => {
    expect(
      await api.call('POST', '/v1/containers', { body: { ...HELLO, cpu: 2, ram: '4Gi' } }),
    ).toMatchObject({
      status: 201,
    });
  });

  test('in an update too, which is then no revision', async () => {
    const id = idOf(await api.call('POST', '/v1/containers', { body: HELLO }));
    expect(await api.call('PUT', `/v1/containers/${id}`, { body: { cpu: 3 } })).toMatchObject({
      status: 422,
    });
    expect(await api.call('GET', `/v1/containers/${id}`)).toMatchObject({ json: { revision: 1 } });
  });

  test('is not judged while the machine is unknown', async () => {
    await using blind = await startApi({ machine: () => undefined });
    expect(
      await blind.call('POST', '/v1/containers', { body: { ...HELLO, cpu: 64, ram: '1Ti' } }),
    ).toMatchObject({
      status: 201,
    });
  });
});
