import { expect, test } from 'vitest';
import { startApiServer } from '../client/api-server.ts';
import { berth, berthAtTerminal } from './berth.ts';
import { container, scriptedApi } from './scripted-api.ts';

const pulling = container({ statusReason: 'pulling 43%' });
const starting = container({ statusReason: 'starting' });
const deployed = container({ status: 'deployed', urls: ['web-x.localhost:8080', 'app.example.com'] });
const failed = container({ status: 'failed', statusReason: 'exited with code 3: no config' });

test('the URL alone goes to stdout, each change of the deploy to stderr once', async () => {
  const deploy = [pulling, pulling, starting, deployed];
  await using server = await startApiServer(scriptedApi({ deploy }));
  const { exitCode, stdout, stderr } = await berth(['run', 'nginx:1.28'], {
    env: { BERTH_HOST: server.url },
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'http://web-x.localhost:8080' });
  expect(stderr.split('\n')).toEqual([
    'web 11111111',
    'deploying: pulling 43%',
    'deploying: starting',
    'also http://app.example.com',
  ]);
});

test('at a terminal the progress is one line that changes', async () => {
  await using server = await startApiServer(scriptedApi({ deploy: [pulling, starting, deployed] }));
  const screen = await berthAtTerminal(['run', 'nginx:1.28'], { env: { BERTH_HOST: server.url } });
  expect(screen).toContain('\r\u001b[Kdeploying: pulling 43%\r\u001b[Kdeploying: starting');
  expect(screen.trimEnd().split('\n').at(-1)).toBe('http://web-x.localhost:8080');
});

test('a failure tells the reason, the last lines of the log and what to do, and exits with 1', async () => {
  const log = 'event: stderr\nid: 1\ndata: fatal: no config\n\n';
  await using server = await startApiServer(scriptedApi({ deploy: [pulling, failed], log }));
  const { exitCode, stdout, stderr } = await berth(['run', 'nginx:1.28'], {
    env: { BERTH_HOST: server.url },
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain('  fatal: no config\n');
  expect(stderr).toContain('berth: web failed: exited with code 3: no config\n');
  expect(stderr).toContain('berth logs 11111111');
  expect(stderr).toContain('berth rm 11111111');
});

test('Ctrl-C leaves the deploy going and says how to look and to remove it', async () => {
  await using server = await startApiServer(scriptedApi({ deploy: [pulling] }));
  const setting = { env: { BERTH_HOST: server.url }, interruptAt: 'pulling' };
  const { exitCode, stdout, stderr } = await berth(['run', 'nginx:1.28'], setting);
  expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
  expect(stderr).toContain('the deploy of web goes on');
  expect(stderr).toContain('berth rm 11111111');
  expect(server.requests.map(({ method }) => method)).not.toContain('DELETE');
});

test.each([
  ['nginx:1.28', 'nginx'],
  ['ghcr.io/acme/My_App:2', 'my-app'],
  ['localhost:5000/team/web@sha256:0123', 'web'],
])('the name of %s is %s', async (image, name) => {
  const { body } = await requestOf(['run', image]);
  expect(body).toEqual({ name, image });
});

test('options become fields, and what is left out is left to the API', async () => {
  const args = [
    'run',
    'nginx:1',
    '--name',
    'a',
    '--port',
    '8080',
    '--cpu',
    '0.5',
    '--ram',
    '1Gi',
    '--storage',
    '2Gi',
  ];
  const more = [
    '-e',
    'A=1=2',
    '-e',
    'FROM_HERE',
    '--command',
    'sh',
    '--command',
    '-c',
    '--hostname',
    'app.example.com',
  ];
  const rest = ['--health-path', '/up', '--volume', 'data:/data', '--', '--flag', 'x'];
  const { body } = await requestOf([...args, ...more, ...rest], { FROM_HERE: 'here' });
  expect(body).toEqual({
    name: 'a',
    image: 'nginx:1',
    port: 8080,
    cpu: 0.5,
    ram: '1Gi',
    ephemeralStorage: '2Gi',
    env: { A: '1=2', FROM_HERE: 'here' },
    command: ['sh', '-c'],
    arguments: ['--flag', 'x'],
    hostnames: ['app.example.com'],
    healthPath: '/up',
    volumes: [{ name: 'data', path: '/data' }],
  });
});

/** The body that a command creates a container with. */
async function requestOf(args: string[], env: Record<string, string> = {}): Promise<{ body: unknown }> {
  let text = '';
  const api = scriptedApi({ deploy: [deployed] });
  await using server = await startApiServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => api(request, response));
  });
  await berth(args, { env: { BERTH_HOST: server.url, ...env } });
  return { body: JSON.parse(text) };
}
