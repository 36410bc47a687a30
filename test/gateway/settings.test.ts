import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/gateway/settings.ts';

const PATHS = ['--admin', '/run/a.sock', '--table', '/var/t.json'];
const ENTRY = new URL('../../src/gateway.ts', import.meta.url).pathname;

describe('settings of the gateway', () => {
  it('have defaults', () => {
    expect(readSettings(PATHS, {})).toMatchObject({
      role: 'parent',
      adminSocket: '/run/a.sock',
      tableFile: '/var/t.json',
      workers: Math.max(1, Math.floor(availableParallelism() / 2)),
      drainTimeoutMs: 30_000,
      stopTimeoutMs: 5_000,
      logLevel: 'info',
    });
  });

  it('come from the environment, and only theirs is handed on to other processes', () => {
    const env = {
      BERTH_GATEWAY_WORKERS: '3',
      BERTH_DRAIN_TIMEOUT: '1m30s',
      BERTH_JWT_SECRET: 'secret',
      LISTEN_FDS: '1',
    };
    const settings = readSettings(PATHS, env);
    expect(settings).toMatchObject({ workers: 3, drainTimeoutMs: 90_000 });
    expect(settings.environment).toEqual({ BERTH_GATEWAY_WORKERS: '3', BERTH_DRAIN_TIMEOUT: '1m30s' });
  });

  it.each([
    ['BERTH_GATEWAY_WORKERS', '0'],
    ['BERTH_GATEWAY_WORKERS', 'many'],
    ['BERTH_DRAIN_TIMEOUT', '30'],
    ['BERTH_STOP_TIMEOUT', '-1s'],
    ['BERTH_LOG_LEVEL', 'loud'],
  ])('refuse %s=%s, naming it', (name, value) => {
    expect(() => readSettings(PATHS, { [name]: value })).toThrow(name);
  });

  it.each([[[]], [['--admin', '/run/a.sock']], [[...PATHS, '--what']], [['child', ...PATHS]]])(
    'refuse arguments %j',
    (argv) => {
      expect(() => readSettings(argv, {})).toThrow();
    },
  );
});

describe('starting the gateway', () => {
  async function failure(argv: string[], env: Record<string, string>): Promise<string> {
    const started = promisify(execFile)(process.execPath, [ENTRY, ...argv], { env });
    const error: unknown = await started.catch((reason: unknown) => reason);
    return error instanceof Error ? `${Reflect.get(error, 'stderr')}${Reflect.get(error, 'stdout')}` : '';
  }

  it('fails in one line when a setting is wrong', async () => {
    expect(await failure(PATHS, { BERTH_LOG_LEVEL: 'loud' })).toMatch(
      /^berth-gateway: BERTH_LOG_LEVEL: .*\n$/,
    );
  });

  it('fails without a listening socket, and says where one comes from', async () => {
    expect(await failure(PATHS, {})).toContain('LISTEN_FDS is not set');
  });

  it("fails when the socket is another process's", async () => {
    expect(await failure(PATHS, { LISTEN_FDS: '1', LISTEN_PID: '1' })).toContain('LISTEN_PID');
  });
});
