import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

type Environment = Readonly<Record<string, string>>;

function read(env: Environment, args: readonly string[] = ['--config', '/dev/null'], root = false) {
  return readConfig({ args, env, root, home: '/home/ada' });
}

async function readFile(text: string, env: Environment = {}) {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'berth.toml');
  await writeFile(file, text);
  return read(env, ['--config', file]);
}

describe('the configuration', () => {
  test('has a default for everything', () => {
    expect(read({})).toMatchObject({
      dataDir: '/home/ada/.local/share/berth',
      apiListen: { host: '127.0.0.1', port: 7070 },
      gatewayListen: null,
      drainTimeoutMs: 30_000,
      domain: 'localhost',
      tokenTrust: { kind: 'secret', secret: null },
      dockerHost: 'unix:///var/run/docker.sock',
      nvidiaSmi: 'nvidia-smi',
      logLevel: 'info',
    });
  });

  test('keeps to the system’s folders as root, and to the user’s otherwise', () => {
    expect(read({}, undefined, true)).toMatchObject({
      dataDir: '/var/lib/berth',
      socket: '/run/berth/berth.sock',
    });
    expect(read({ XDG_RUNTIME_DIR: '/run/user/7' })).toMatchObject({ socket: '/run/user/7/berth.sock' });
    expect(read({})).toMatchObject({ socket: '/home/ada/.local/share/berth/berth.sock' });
  });

  test('is read from a file, and the environment wins', async () => {
    const text =
      'domain = "box.test"\ngateway_workers = 3\n[registries."r.test"]\nusername = "u"\npassword = "p"\n';
    expect(await readFile(text, { BERTH_DOMAIN: 'Other.Test' })).toMatchObject({
      domain: 'other.test',
      gatewayWorkers: 3,
      registries: { 'r.test': { username: 'u', password: 'p' } },
    });
  });

  test('takes the engine from BERTH_DOCKER_HOST, else from DOCKER_HOST', () => {
    expect(read({ DOCKER_HOST: 'tcp://a:1' }).dockerHost).toBe('tcp://a:1');
    expect(read({ DOCKER_HOST: 'tcp://a:1', BERTH_DOCKER_HOST: 'tcp://b:2' }).dockerHost).toBe('tcp://b:2');
  });

  test.each([
    ['1.2.3.4:80', { host: '1.2.3.4', port: 80 }],
    ['[::1]:7070', { host: '::1', port: 7070 }],
    [':8080', { host: '0.0.0.0', port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('takes the address %s', (text, listen) => {
    expect(read({ BERTH_API_LISTEN: text }).apiListen).toEqual(listen);
  });

  test.each([
    ['BERTH_API_LISTEN', 'seven'],
    ['BERTH_API_LISTEN', '127.0.0.1:65536'],
    ['BERTH_GATEWAY_LISTEN', '::1:80'],
    ['BERTH_GATEWAY_WORKERS', '0'],
    ['BERTH_GATEWAY_WORKERS', '1.5'],
    ['BERTH_DRAIN_TIMEOUT', '30'],
    ['BERTH_START_TIMEOUT', 'soon'],
    ['BERTH_DOMAIN', 'no spaces'],
    ['BERTH_JWKS_URL', 'not a url'],
    ['BERTH_SOCKET', `/${'x'.repeat(120)}`],
    ['BERTH_LOG_LEVEL', 'loud'],
    ['BERTH_NO_SUCH_KEY', 'x'],
  ])('refuses %s=%s in one line that names it', (name, value) => {
    const line = new RegExp(`^Configuration: ${name} in the environment (must|is) [^\\n]+$`);
    expect(() => read({ [name]: value })).toThrow(line);
  });

  test('refuses a key of the file that it does not know', async () => {
    await expect(readFile('datadir = "/x"\n')).rejects.toThrow(
      /"datadir" in .*berth\.toml is unknown\. Known: data_dir/,
    );
    await expect(readFile('[registries."r.test"]\nuser = "u"\n')).rejects.toThrow(
      /"registries\.r\.test\.user" in .*berth\.toml is unknown/,
    );
    await expect(readFile('domain = \n')).rejects.toThrow(/can't be read/);
    expect(() => read({}, ['--config', '/no/such/file'])).toThrow(/\/no\/such\/file can't be read/);
  });

  test('knows no argument but --config', () => {
    expect(() => read({}, ['--port', '1'])).toThrow(/takes --config FILE and nothing else/);
  });

  test('checks tokens in one way only', () => {
    const both = { BERTH_JWT_SECRET: 'x'.repeat(32), BERTH_JWKS_URL: 'https://id.test/keys' };
    expect(() => read(both)).toThrow(/only one/);
    expect(() => read({ BERTH_JWT_PUBLIC_KEY: '/no/such/key.pem' })).toThrow(/neither a PEM text nor a file/);
  });
});
