import { describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../client/api-server.ts';
import { berth, berthAtTerminal } from './berth.ts';
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

test('ls tells a failed update from an outage', async () => {
  const failed = { ...web, status: 'failed', statusReason: 'exited with code 1', revision: 3 } as const;
  const update = { ...failed, servingRevision: 2 };
  const waits = { ...update, statusReason: 'exited with code 1; revision 2 is waiting for a free GPU' };
  const containers = [update, { ...failed, id: api.id }, { ...waits, id: twin.id }];
  await using server = await startApiServer(scriptedApi({ containers }));
  const { stdout } = await berth(['ls'], { env: { BERTH_HOST: server.url } });
  const [, first = '', second = '', third = ''] = stdout.split('\n');
  expect(first).toMatch(/ {2}exited with code 1; revision 2 goes on serving$/);
  expect(second).toMatch(/ {2}exited with code 1$/);
  expect(third).toMatch(/ {2}exited with code 1; revision 2 is waiting for a free GPU$/);
});

test('at a terminal a long reason is cut, and never what goes on serving', async () => {
  const failed = { ...web, status: 'failed', statusReason: 'x'.repeat(200), revision: 3 } as const;
  await using server = await startApiServer(scriptedApi({ containers: [{ ...failed, servingRevision: 2 }] }));
  const screen = await berthAtTerminal(['ls'], { env: { BERTH_HOST: server.url } });
  expect(screen).toMatch(/ {2}x{40,60}…; revision 2 goes on serving$/m);
});

test('ls shows ids within a reason as short as in its own column', async () => {
  const statusReason = `waiting for a free GPU, 1st in line; held by web (${web.id})`;
  await using server = await startApiServer(scriptedApi({ containers: [{ ...api, statusReason }] }));
  const { stdout } = await berth(['ls'], { env: { BERTH_HOST: server.url } });
  expect(stdout).toMatch(/ {2}waiting for a free GPU, 1st in line; held by web \(aaaaaaaa\)$/);
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

test('rm says which volumes stay, and how to list and delete them', async () => {
  const volumes = [
    { name: 'data', path: '/data' },
    { name: 'cache', path: '/cache' },
  ];
  await using server = await startApiServer(scriptedApi({ containers: [{ ...api, volumes }] }));
  const { exitCode, stdout, stderr } = await berth(['rm', 'api'], { env: { BERTH_HOST: server.url } });
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'api bbbbbbbb removed' });
  expect(stderr).toBe(
    'The volumes data, cache stay. List: docker volume ls --filter label=berth.owner. Delete one: docker volume rm VOLUME',
  );
});

describe('a log without lines', () => {
  const deployed = { ...web, revision: 3, servingRevision: 2 };

  test.each([
    ['says so', [], 'web has written nothing yet'],
    ['since a time, says so', ['--since', '10m'], 'web has written nothing since then (10m)'],
    ['of the newest revision, says so', ['--revision', '3'], 'revision 3 of web has written nothing yet'],
    [
      'of one that was replaced, says that it may be gone',
      ['--revision', '1'],
      'revision 1 of web wrote nothing, or its log went when the next revision took its place',
    ],
    ['that was not asked for, says nothing', ['--tail', '0'], ''],
    ['that is followed, says nothing', ['-f'], ''],
  ])('%s', async (_case, options, said) => {
    await using server = await startApiServer(scriptedApi({ containers: [deployed] }));
    const outcome = await berth(['logs', 'web', ...options], { env: { BERTH_HOST: server.url } });
    expect(outcome).toEqual({ exitCode: 0, stdout: '', stderr: said });
  });
});

function removed({ requests }: ApiServer) {
  return requests.filter(({ method }) => method === 'DELETE').map(({ url }) => url);
}
