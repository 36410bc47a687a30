import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { berth } from './berth.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

test('--version prints the version of the package', async () => {
  await expect(berth(['--version'])).resolves.toEqual({ exitCode: 0, stdout: version, stderr: '' });
});

test('--help names every verb and the environment', async () => {
  const { exitCode, stdout } = await berth(['--help']);
  expect(exitCode).toBe(0);
  for (const word of [
    'run',
    'ls',
    'logs',
    'events',
    'rm',
    'token',
    'user',
    'doctor',
    'BERTH_HOST',
    'BERTH_TOKEN',
  ]) {
    expect(stdout).toContain(word);
  }
});

test.each([
  ['an unknown verb', ['lss']],
  ['an unknown option', ['ls', '--wide']],
  ['a missing argument', ['run']],
  ['an argument too many', ['ls', 'web']],
  ['an option without its value', ['run', 'nginx:1', '--name']],
  ['a number that is none', ['run', 'nginx:1', '--cpu', 'many']],
  ['a tail that is none', ['logs', 'web', '--tail', '-3']],
  ['a variable without a name', ['run', 'nginx:1', '--env', '=x']],
  ['a variable that is not set here', ['run', 'nginx:1', '--env', 'NOT_SET_HERE']],
  ['a volume without a path', ['run', 'nginx:1', '--volume', 'data']],
  ['an address that is none', ['ls', '--host', 'ftp://x']],
  ['a token for two at once', ['token', '--user', 'ann', '--sub', 'ann']],
  ['a password that nobody can type', ['user', 'add', 'ann']],
])('%s exits with 2 and one line', async (_case, args) => {
  const { exitCode, stdout, stderr } = await berth(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^berth: [^\n]+$/);
});
