import { expect, test } from 'vitest';
import { json, startApiServer } from '../client/api-server.ts';
import { berth, berthAtTerminal } from './berth.ts';
import { container, gpu, scriptedApi } from './scripted-api.ts';

const GIB = 1024 ** 3;

const web = container({ id: 'aaaaaaaa-0000-4000-8000-000000000000' });
const train = container({ id: 'bbbbbbbb-0000-4000-8000-000000000000', name: 'train' });
const othersId = 'cccccccc-0000-4000-8000-000000000000';
const busy = gpu({
  uuid: 'GPU-4d7b2a53-6c1f-0b9a-5e2d-8f1c3a7e9b04',
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
        CODE: '3090',
        MEMORY: '1.5Gi/24Gi',
        UTIL: '97%',
        TEMP: '72°C',
        POWER: '348W',
      },
      ...{ HOLDER: 'web, cccccccc', QUEUE: '2, next train', ID: 'GPU-4d7b2a53' },
    },
    {
      ...{ INDEX: '1', MODEL: 'NVIDIA Odd 9000', CODE: '-', MEMORY: '-', UTIL: '-', TEMP: '-', POWER: '-' },
      ...{ HOLDER: '-', QUEUE: '-', ID: 'GPU-1' },
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

test('a MIG instance has its own name and no code, which may stand for whole cards', async () => {
  const name = 'NVIDIA A100-SXM4-40GB MIG 1g.5gb';
  const mig = gpu({
    uuid: 'MIG-feb88891-0321-5fef-9c87-d4af3b54259e',
    name,
    model: 'Nvidia a100',
    code: 'a100',
  });
  await using server = await startApiServer(scriptedApi({ gpus: [[mig]] }));
  const { stdout } = await berth(['gpus'], { env: { BERTH_HOST: server.url } });
  expect(cellsOf(stdout)).toMatchObject([{ MODEL: name, CODE: '-', ID: 'MIG-feb88891' }]);
});

const fallen = 'has fallen off the bus';
const told = `GPU 1 (NVIDIA Odd 9000): ${fallen}`;

test.each([
  ['of the whole', told, told],
  ['of nothing else', null, told],
  ['of something else', 'the driver is not loaded', `the driver is not loaded\n${told}`],
])(
  'of one that can not be used it says so and why, once: the machine tells %s',
  async (_what, why, notes) => {
    const lost = { ...idle, state: 'lost', stateReason: fallen } as const;
    const script = { gpus: [[gpu({}), lost]], ...(why !== null && { reason: why }) };
    await using server = await startApiServer(scriptedApi(script));
    const { stdout, stderr } = await berth(['gpus'], { env: { BERTH_HOST: server.url } });
    expect(cellsOf(stdout)).toMatchObject([{ STATE: 'ok' }, { STATE: 'lost' }]);
    expect(stderr).toBe(notes);
  },
);

test('those that are lost come last, whatever their number', async () => {
  const lost = { ...gpu({ uuid: 'GPU-old' }), state: 'lost', stateReason: fallen } as const;
  const unknown = { ...idle, index: 1, state: 'unknown', stateReason: 'it hangs' } as const;
  const gpus = [[lost, gpu({ uuid: 'GPU-new' }), unknown, gpu({ uuid: 'GPU-2', index: 2 })]];
  await using server = await startApiServer(scriptedApi({ gpus }));
  const { stdout } = await berth(['gpus'], { env: { BERTH_HOST: server.url } });
  expect(cellsOf(stdout).map(({ INDEX, STATE, ID }) => [INDEX, STATE, ID])).toEqual([
    ['0', 'ok', 'GPU-new'],
    ['1', 'unknown', 'GPU-1'],
    ['2', 'ok', 'GPU-2'],
    ['0', 'lost', 'GPU-old'],
  ]);
});

test('--watch at a terminal breaks what it says beneath between words', async () => {
  const reason = 'a long reason. '.repeat(10).trim();
  const refusal = json(401, { title: 'Unauthorized', status: 401, detail: 'The token has ended.' });
  const looks = [scriptedApi({ gpus: [[idle]], reason }), refusal];
  await using server = await startApiServer((request, response) => looks.shift()?.(request, response));
  const screen = await berthAtTerminal(['gpus', '-w'], { env: { BERTH_HOST: server.url } });
  const shown = (screen.split('\u001b[H')[1] ?? '').split('\u001b[J')[0] ?? '';
  const [, beneath = ''] = shown.replaceAll('\u001b[K', '').split(/(?:\r+\n){2}/);
  const lines = beneath.split(/\r+\n/);
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.join(' ')).toBe(reason);
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
