import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchFrom, TestDaemon } from '../support/daemon.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { berth, berthAtTerminal, type Outcome } from './berth.ts';

describeWithEngine('berth, against the real daemon', (ground) => {
  const images = new Images(ground);
  let daemon: TestDaemon;
  let web: string;

  beforeAll(async () => {
    daemon = await TestDaemon.start({
      dockerHost: ground.dockerHost,
      env: { BERTH_START_TIMEOUT: '4s' },
    });
    web = await images.web('1', 'hello from the journey');
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  const local = (args: readonly string[], input?: string) =>
    berth(args, {
      env: { BERTH_SOCKET: daemon.env.BERTH_SOCKET ?? '' },
      ...(input !== undefined && { input }),
    });
  const remote = (token: string, ...args: string[]) =>
    berth(args, { env: { BERTH_HOST: daemon.apiUrl, BERTH_TOKEN: token } });

  test('run deploys, ls shows, logs prints each stream, rm removes', async () => {
    const ran = await local(['run', web, '--ram', '64Mi']);
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(ran.stdout).toMatch(/^http:\/\/web-[a-z2-7]{8}\.localhost:\d+$/);
    const page = await fetchFrom(daemon.gatewayUrl, new URL(ran.stdout).host);
    expect(page.body).toContain('hello from the journey');

    const listed = await local(['ls']);
    expect(listed.stdout).toMatch(new RegExp(`^web +deployed +${ran.stdout} `, 'm'));

    const logged = await local(['logs', 'web']);
    expect(logged.stdout).toContain('web: serving hello from the journey');
    expect(logged.stderr).toContain('web: ready');

    expect(await local(['rm', 'web'])).toMatchObject({ exitCode: 0 });
    expect(await local(['ls', '--json'])).toMatchObject({ stdout: '[]' });
    await daemon.untilNothingRuns();
  });

  test('run shows the pull on the way, and ends with the reason and the last line of what failed', async () => {
    const image = await images.exits(3, 'no config found');
    const { exitCode, stdout, stderr } = await local(['run', image, '--name', 'broken', '--ram', '64Mi']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^deploying: pulling/m);
    expect(stderr).toMatch(/^berth: broken failed: .*3/m);
    expect(stderr).toContain('no config found');
    expect(await local(['rm', 'broken'])).toMatchObject({ exitCode: 0 });
  });

  test('what the API refuses is told with the field', async () => {
    const { exitCode, stderr } = await local(['run', 'nginx', '--ram', 'much']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/image must carry a tag/);
    expect(stderr).toMatch(/ram must be/);
  });

  test('token gives a user their own view over TCP, and an admin everything', async () => {
    const ann = firstLine(await local(['token', '--sub', 'ann', '--ttl', '5m']));
    const admin = firstLine(await local(['token', '--admin', '--sub', 'root']));
    const ran = await remote(ann, 'run', web, '--name', 'anns', '--ram', '64Mi');
    expect(ran).toMatchObject({ exitCode: 0 });
    expect((await remote(ann, 'ls')).stdout).toContain('anns');
    expect((await remote(admin, 'ls')).stdout).toBe('');
    expect((await remote(admin, 'ls', '--all')).stdout).toMatch(/^anns .* ann /m);
    expect((await remote(ann, 'token')).stderr).toMatch(/ADMIN|admin/);
    expect(await remote(admin, 'rm', 'anns')).toMatchObject({ exitCode: 0 });
  });

  test('user add makes a user who logs in with the password, and only with it', async () => {
    const added = await local(['user', 'add', 'ben', '--password-stdin'], 'correct horse\n');
    expect(added).toMatchObject({ exitCode: 0 });
    expect((await login('ben', 'correct horse')).status).toBe(200);
    expect((await login('ben', 'wrong horse')).status).toBe(401);
  });

  test('token --user speaks for the user who was added, under the id that user add printed', async () => {
    const [, id = ''] = firstLine(
      await local(['user', 'add', 'eve', '--password-stdin'], 'battery staple\n'),
    ).split(' ');
    const eve = firstLine(await local(['token', '--user', 'eve']));
    expect(await remote(eve, 'run', web, '--name', 'eves', '--ram', '64Mi')).toMatchObject({ exitCode: 0 });
    const listed: { createdBy: string }[] = JSON.parse((await remote(eve, 'ls', '--json')).stdout);
    expect(listed.map(({ createdBy }) => createdBy)).toEqual([id]);
    expect(await remote(eve, 'rm', 'eves')).toMatchObject({ exitCode: 0 });
    expect((await local(['token', '--user', 'nobody'])).stderr).toBe(
      'berth: There is no user "nobody": "berth user add nobody" adds one.',
    );
  });

  test('a password that is typed is not shown', async () => {
    const env = { BERTH_SOCKET: daemon.env.BERTH_SOCKET ?? '' };
    const screen = await berthAtTerminal(['user', 'add', 'cleo'], {
      env,
      input: 'typed secret\ntyped secret\n',
    });
    expect(screen).toMatch(/Password: [\s\S]*Again: /);
    expect((await login('cleo', 'typed secret')).status).toBe(200);
  });

  test('the doctor finds the engine, the API and the gateway well', async () => {
    const [, port = ''] = /:(\d+)$/.exec(daemon.apiUrl) ?? [];
    const gateway = new URL(daemon.gatewayUrl);
    const { stdout } = await berth(['doctor', '--json'], {
      env: {
        BERTH_SOCKET: daemon.env.BERTH_SOCKET ?? '',
        BERTH_API_LISTEN: `127.0.0.1:${port}`,
        BERTH_GATEWAY_LISTEN: `127.0.0.1:${gateway.port || 80}`,
        BERTH_DOCKER_HOST: ground.dockerHost,
        BERTH_DATA_DIR: daemon.dir,
      },
    });
    const findings: { about: string; state: string }[] = JSON.parse(stdout);
    const states = Object.fromEntries(findings.map(({ about, state }) => [about, state]));
    expect(states).toMatchObject({ engine: 'ok', berthd: 'ok', 'API port': 'ok', gateway: 'ok' });
  });

  function login(name: string, password: string): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
    return fetch(`${daemon.apiUrl}/v1/users/token`, { headers: { authorization } });
  }
});

function firstLine({ stdout }: Outcome): string {
  return stdout.split('\n')[0] ?? '';
}
