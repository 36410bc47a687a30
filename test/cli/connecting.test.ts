import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { explain } from '../../src/cli/failure.ts';
import { Unreachable } from '../../src/client/problem.ts';
import { json, startApiServer } from '../client/api-server.ts';
import { berth } from './berth.ts';
import { scriptedApi } from './scripted-api.ts';

test('without a berthd it says what was tried, why it failed and what to do', async () => {
  const { exitCode, stderr } = await berth(['ls'], { env: { BERTH_SOCKET: '/nowhere/berth.sock' } });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/cannot reach berthd at \/nowhere\/berth\.sock: there is no such socket/);
  expect(stderr).toMatch(/systemctl status berthd.*npm start/);
});

test('--host wins over BERTH_HOST, and BERTH_TOKEN goes along', async () => {
  await using server = await startApiServer(scriptedApi({}));
  const env = { BERTH_HOST: 'http://127.0.0.1:1', BERTH_TOKEN: 'T' };
  expect((await berth(['ls', '--host', server.url], { env })).exitCode).toBe(0);
  expect(server.requests[0]?.headers.authorization).toBe('Bearer T');
});

test('a missing token is asked for', async () => {
  const detail = 'A token is missing.';
  await using server = await startApiServer(
    json(401, { title: 'Unauthorized', detail }, 'application/problem+json'),
  );
  const { exitCode, stderr } = await berth(['ls'], { env: { BERTH_HOST: server.url } });
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    'berth: A token is missing.\nSet BERTH_TOKEN to a token; "berth token" on the machine itself prints one.',
  );
});

test('a refusal is told once', async () => {
  const detail = 'There is a user "ann" already: choose another name.';
  const body = { title: 'Conflict', detail, errors: [{ path: 'name', message: 'is taken' }] };
  await using server = await startApiServer(json(409, body, 'application/problem+json'));
  const setting = { env: { BERTH_HOST: server.url }, input: 'correct horse' };
  const { stderr } = await berth(['user', 'add', 'ann', '--password-stdin'], setting);
  expect(stderr).toBe(`berth: ${detail}`);
});

test('https where http is spoken is answered with what to write', async () => {
  await using server = await startApiServer(scriptedApi({}));
  const url = server.url.replace('http:', 'https:');
  const { exitCode, stderr } = await berth(['ls'], { env: { BERTH_HOST: url } });
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `berth: cannot reach berthd at ${url}: it does not speak TLS\nWrite http:// in place of https://.`,
  );
});

test.each([
  [
    'a page',
    (response: ServerResponse) => response.end('<h1>welcome</h1>'),
    'its answer is no JSON, so it is another program',
  ],
  [
    'a refusal of its own',
    (response: ServerResponse) => response.writeHead(404).end('no'),
    'answers 404 (Not Found)',
  ],
])('another server that answers with %s is told from berthd', async (_what, answer, said) => {
  await using server = await startApiServer((_request, response) => void answer(response));
  const { exitCode, stderr } = await berth(['ls'], { env: { BERTH_HOST: server.url } });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(server.url);
  expect(stderr).toContain(said);
  expect(stderr).toMatch(/\nIs that the /);
});

test('a socket that this user may not open is answered with the group to join', () => {
  const error = new Unreachable('EACCES', 'connect EACCES /run/berth/berth.sock', null);
  const { lines } = explain(error, { kind: 'socket', path: '/run/berth/berth.sock' });
  expect(lines.join('\n')).toMatch(/may not open the socket\n.*usermod -aG berth/);
});
