import { expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../client/api-server.ts';
import { berth } from './berth.ts';
import { container, scriptedApi } from './scripted-api.ts';

const web = container({
  id: 'aaaaaaaa-0000-4000-8000-000000000000',
  status: 'deployed',
  urls: ['web-x.localhost:8080'],
});
const twin = container({ id: 'abababab-0000-4000-8000-000000000000', statusReason: 'pulling 43%' });
const api = container({ id: 'bbbbbbbb-0000-4000-8000-000000000000', name: 'api' });

test('ls aligns its columns, and says why a status is what it is', async () => {
  await using server = await startApiServer(scriptedApi({ containers: [web, twin] }));
  const { stdout } = await berth(['ls'], { env: { BERTH_HOST: server.url } });
  const [header = '', first = '', second = ''] = stdout.split('\n');
  expect(header).toMatch(/^NAME +STATUS +URL +IMAGE +AGE +ID +REASON$/);
  expect(first.slice(header.indexOf('URL'))).toMatch(/^http:\/\/web-x\.localhost:8080 /);
  expect(second.slice(header.indexOf('REASON'))).toBe('pulling 43%');
});

test('ls --json prints what the API says', async () => {
  await using server = await startApiServer(scriptedApi({ containers: [web] }));
  const { stdout } = await berth(['ls', '--json'], { env: { BERTH_HOST: server.url } });
  expect(JSON.parse(stdout)).toEqual([web]);
});

test.each([
  ['its name', 'api', api],
  ['its id', twin.id, twin],
  ['the beginning of its id', 'aa', web],
])('a container is removed by %s', async (_case, wanted, { id }) => {
  await using server = await startApiServer(scriptedApi({ containers: [web, twin, api] }));
  const { exitCode } = await berth(['rm', wanted], { env: { BERTH_HOST: server.url } });
  expect(exitCode).toBe(0);
  expect(removed(server)).toEqual([`/v1/containers/${id}`]);
});

test('a name that several have lists their ids and removes none', async () => {
  await using server = await startApiServer(scriptedApi({ containers: [web, twin, api] }));
  const { exitCode, stderr } = await berth(['rm', 'web'], { env: { BERTH_HOST: server.url } });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(web.id);
  expect(stderr).toContain(twin.id);
  expect(removed(server)).toEqual([]);
});

test('one unknown name does not keep the others', async () => {
  await using server = await startApiServer(scriptedApi({ containers: [api] }));
  const { exitCode, stdout, stderr } = await berth(['rm', 'nobody', 'api'], {
    env: { BERTH_HOST: server.url },
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: 'api bbbbbbbb removed' });
  expect(stderr).toContain('no container "nobody"');
});

function removed({ requests }: ApiServer) {
  return requests.filter(({ method }) => method === 'DELETE').map(({ url }) => url);
}
