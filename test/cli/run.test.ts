import { describe, expect, test } from 'vitest';
import { HELLO, startApi } from '../api/api.ts';
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

test('of a log that has nothing, a failure says nothing', async () => {
  await using server = await startApiServer(scriptedApi({ deploy: [failed] }));
  const { stderr } = await berth(['run', 'nginx:1.28'], { env: { BERTH_HOST: server.url } });
  expect(stderr.split('\n')).toEqual([
    'web 11111111',
    'berth: web failed: exited with code 3: no config',
    'Remove it: berth rm 11111111',
  ]);
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

describe('the options for GPUs', () => {
  test.each([
    [['--gpus', '2'], { gpu: 2 }],
    [['--gpus', '0'], { gpu: 0 }],
    [
      ['--gpu-model', 'a100', '--gpu-model', 'NVIDIA H100 PCIe'],
      { gpu: 1, desiredGPUs: ['a100', 'NVIDIA H100 PCIe'] },
    ],
    [['--gpu-memory', '8Gi'], { gpu: 1, gpuMemory: '8Gi' }],
    [['--gpu-memory', '8Gi', '--gpus', '2'], { gpu: 2, gpuMemory: '8Gi' }],
    [['--shm-size', '2Gi'], { shmSize: '2Gi' }],
  ])('%j', async (options, fields) => {
    const { body } = await requestOf(['run', 'nginx:1', ...options]);
    expect(body).toEqual({ name: 'nginx', image: 'nginx:1', ...fields });
  });

  test.each(['all', 'device=0', '-1', '1.5', ''])(
    '--gpus %j is no number, and is told what to write',
    async (value) => {
      const { exitCode, stdout, stderr } = await berth(['run', 'nginx:1', `--gpus=${value}`]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(/^berth: option '--gpus <count>' argument .* write how many: --gpus 1\..*$/);
    },
  );
});

describe('what the API refuses is told by the options that were typed', () => {
  test.each([
    ['a port', ['--port', '0'], '--port must be a port from 1 to 65535'],
    ['a disk', ['--storage', 'lots'], /^--storage must be a quantity of bytes/],
    [
      'one host name of two',
      ['--hostname', 'a.example.com', '--hostname', 'bad'],
      /^--hostname bad must be a host/,
    ],
    [
      'the host names together',
      ['--hostname', 'a.b', '--hostname', 'a.b'],
      '--hostname must not name one host twice',
    ],
    ['a path', ['--health-path', 'up'], /^--health-path must begin with/],
    ['a variable', ['-e', '1A.B=x'], /^--env 1A\.B must be a name/],
    ['a volume', ['--volume', 'Data:/data'], /^--volume Data:\/data: name must be 1 to 63/],
    [
      'the volumes together',
      ['--volume', 'a:/x', '--volume', 'b:/x'],
      '--volume must not mount two volumes at one path',
    ],
    [
      'a model that nobody knows',
      ['--gpu-model', 'a100', '--gpu-model', 'abacus'],
      `--gpu-model abacus must be a code or a name, such as "a100", or a card's own name; "berth gpus" lists codes and models, "berth gpus --json" also the cards' own names`,
    ],
    [
      'GPUs that the machine lacks',
      ['--gpus', '1'],
      '--gpus: this machine has no GPU that berth can give to a container: nvidia-smi is not installed',
    ],
    ['memory of no GPU', ['--gpus', '0', '--gpu-memory', '1Gi'], /^--gpu-memory needs a GPU/],
    ['a share that is no quantity', ['--gpu-memory', '8GB'], /^--gpu-memory must be a quantity of bytes/],
    ['a /dev/shm', ['--shm-size', '64m'], /^--shm-size must be a quantity of bytes/],
    ['more than the machine has', ['--cpu', '64'], '--cpu: this machine has 2 cores and 64 were asked for'],
  ])('%s', async (_case, options, said) => {
    await using api = await startApi();
    const env = { BERTH_SOCKET: api.socketPath };
    const { exitCode, stdout, stderr } = await berth(['run', 'nginx:1.28', ...options], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr.replace(/^berth: /, '')).toEqual(
      typeof said === 'string' ? said : expect.stringMatching(said),
    );
  });

  test('several faults, a line each', async () => {
    await using api = await startApi();
    const { stderr } = await berth(['run', 'nginx', '--ram', '1'], { env: { BERTH_SOCKET: api.socketPath } });
    expect(stderr).toMatch(/^berth: the image must carry a tag .*\n--ram must be at least 6Mi.*$/);
  });

  test('a host name that another container has', async () => {
    await using api = await startApi();
    const env = { BERTH_SOCKET: api.socketPath };
    await api.callLocal('POST', '/v1/containers', { body: { ...HELLO, hostnames: ['app.example.com'] } });
    const { stderr } = await berth(['run', 'nginx:1.28', '--hostname', 'app.example.com'], { env });
    expect(stderr).toMatch(/^berth: --hostname: "app\.example\.com" belongs to another container: [^\n]+$/);
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
