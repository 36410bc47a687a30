import { expect, test } from 'vitest';
import { json, startApiServer } from '../client/api-server.ts';
import { berth, berthAtTerminal } from './berth.ts';
import { container, gpu, scriptedApi } from './scripted-api.ts';

const GIB = 1024 ** 3;

const web = container({ id: 'aaaaaaaa-0000-4000-8000-000000000000' });
const train = container({ id: 'bbbbbbbb-0000-4000-8000-000000000000', name: 'train' });
const othersId = 'cccccccc-0000-4000-8000-000000000000';
const busy = gpu({
  ...{ memoryUsed: 1.5 * GIB, utilization: 97, temperature: 71.6, power: 348.2 },
  ...{ holders: [web.id, othersId], waiting: [train.id, othersId] },
});
const idle = gpu({ uuid: 'GPU-1', index: 1, name: 'NVIDIA Odd 9000', model: null, code: null });
const bare = { memoryTotal: null, memoryUsed: null, utilization: null, temperature: null, power: null };

/** The cells of each line, by the columns of the first. */
function cellsOf(text: string): Record<string, string>[] {
  const [header = '', ...lines] = text.split('\n');
  const columns = [...header.matchAll(/\S+/g)].map(({ 0: name, index }) => ({ name, index }));
  return lines.map((line) =>
    Object.fromEntries(
      columns.map(({ name, index }, n) => [name, line.slice(index, columns[n + 1]?.index).trim()]),
    ),
  );
}

test('gpus shows what each does, who has it and whose turn is next, by name where the caller may know it', async () => {
  const script = { containers: [web, train], gpus: [[busy, { ...idle, ...bare }]] };
  await using server = await startApiServer(scriptedApi(script));
  const { exitCode, stdout, stderr } = await berth(['gpus'], { env: { BERTH_HOST: server.url } });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(cellsOf(stdout)).toEqual([
    {
      ...{
        INDEX: '0',
        MODEL: 'Nvidia rtx-3090',
        MEMORY: '1.5Gi/24Gi',
        UTIL: '97%',
        TEMP: '72°C',
        POWER: '348W',
      },
      ...{ HOLDER: 'web, cccccccc', QUEUE: '2, next train' },
    },
    {
      ...{ INDEX: '1', MODEL: 'NVIDIA Odd 9000', MEMORY: '-', UTIL: '-', TEMP: '-', POWER: '-' },
      ...{ HOLDER: '-', QUEUE: '-' },
    },
  ]);
});

test('who is no admin is told the names of their own', async () => {
  const script = scriptedApi({ containers: [web], gpus: [[busy]] });
  const forbidden = json(403, { title: 'Forbidden', status: 403, detail: 'For an ADMIN.' });
  await using server = await startApiServer((request, response) =>
    (request.url?.includes('all=true') ? forbidden : script)(request, response),
  );
  const { stdout } = await berth(['gpus'], { env: { BERTH_HOST: server.url } });
  expect(cellsOf(stdout)).toMatchObject([{ HOLDER: 'web, cccccccc', QUEUE: '2, next bbbbbbbb' }]);
});

test('one that can not be used has a note, and a MIG instance its own name', async () => {
  const lost = { ...idle, state: 'lost', stateReason: 'has fallen off the bus' } as const;
  const mig = gpu({ uuid: 'MIG-1', name: 'NVIDIA A100-SXM4-40GB MIG 1g.5gb', model: 'Nvidia a100' });
  const script = { gpus: [[mig, lost]], reason: '1 GPU has fallen off the bus' };
  await using server = await startApiServer(scriptedApi(script));
  const { stdout, stderr } = await berth(['gpus'], { env: { BERTH_HOST: server.url } });
  expect(cellsOf(stdout)).toMatchObject([
    { MODEL: 'NVIDIA A100-SXM4-40GB MIG 1g.5gb', NOTE: '' },
    { NOTE: 'lost: has fallen off the bus' },
  ]);
  expect(stderr).toBe('1 GPU has fallen off the bus');
});

test('a machine without GPUs says why, which is no failure', async () => {
  await using server = await startApiServer(scriptedApi({ reason: 'nvidia-smi is not installed' }));
  expect(await berth(['gpus'], { env: { BERTH_HOST: server.url } })).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: 'No GPUs: nvidia-smi is not installed',
  });
});

test('--json prints what the API says', async () => {
  await using server = await startApiServer(scriptedApi({ gpus: [[busy, idle]] }));
  const { stdout } = await berth(['gpus', '--json'], { env: { BERTH_HOST: server.url } });
  expect(JSON.parse(stdout)).toEqual([busy, idle]);
});

test('--json and --watch are refused together', async () => {
  const { exitCode, stderr } = await berth(['gpus', '--json', '--watch']);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/^berth: option '--json' cannot be used with option '-w, --watch'; see /);
});

test('--watch into a file prints them again, a blank line apart, until Ctrl-C', async () => {
  const then = { ...idle, utilization: 55 };
  await using server = await startApiServer(scriptedApi({ gpus: [[idle], [then]] }));
  const setting = { env: { BERTH_HOST: server.url }, interruptAt: '55%' };
  const { exitCode, stdout, stderr } = await berth(['gpus', '-w'], setting);
  expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: '' });
  const [first = '', second = ''] = stdout.split('\n\n');
  expect([cellsOf(first), cellsOf(second)]).toMatchObject([[{ UTIL: '0%' }], [{ UTIL: '55%' }]]);
});

test('--watch at a terminal redraws its other screen, and leaves it for what is told last', async () => {
  const script = scriptedApi({ gpus: [[idle], [{ ...idle, utilization: 55 }]] });
  const refusal = json(401, { title: 'Unauthorized', status: 401, detail: 'The token has ended.' });
  let looks = 0;
  await using server = await startApiServer((request, response) =>
    (looks++ < 2 ? script : refusal)(request, response),
  );
  const screen = await berthAtTerminal(['gpus', '-w'], { env: { BERTH_HOST: server.url } });
  const [entered = '', first = '', second = '', ...more] = screen.split('\u001b[H');
  expect(entered).toContain('\u001b[?1049h');
  expect([first, second]).toEqual([expect.stringContaining(' 0% '), expect.stringContaining(' 55% ')]);
  expect(more).toEqual([]);
  expect(second.slice(second.indexOf('\u001b[?1049l'))).toContain('berth: The token has ended.');
});

test('--watch waits for a berthd that does not answer for a while', async () => {
  const script = scriptedApi({ gpus: [[idle]] });
  const away = json(503, { title: 'Unavailable', status: 503, detail: 'The disk is full.' });
  let looks = 0;
  await using server = await startApiServer((request, response) =>
    (looks++ === 1 ? away : script)(request, response),
  );
  const setting = { env: { BERTH_HOST: server.url }, interruptAt: 'waiting for it\n\nINDEX' };
  const { exitCode, stdout } = await berth(['gpus', '-w'], setting);
  expect(exitCode).toBe(130);
  expect(stdout.split('\n\n')[1]).toBe('berthd does not answer; waiting for it');
});
