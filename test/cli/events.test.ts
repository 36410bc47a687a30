import { afterAll, beforeAll, expect, test } from 'vitest';
import { HELLO, idOf, startApi, type TestApi } from '../api/api.ts';
import { startApiServer, stream } from '../client/api-server.ts';
import { berth, berthAtTerminal } from './berth.ts';

const EVIL = '\u001b]0;owned\u0007\n\u009b31m\u202egnp.exe';

/** What befell the machine, as the API tells it. */
const LOST = {
  ...{ id: 9, date: '2026-01-02T20:04:05.678Z', kind: 'gpu-lost', containerID: null, name: null },
  ...{ revisionNumber: null, reason: 'off the bus', gpus: ['GPU-1', 'GPU-2'], createdBy: null },
};

let api: TestApi;
let id: string;
let env: Record<string, string>;

beforeAll(async () => {
  api = await startApi();
  const token = await api.token('ann');
  id = idOf(await api.call('POST', '/v1/containers', { token, body: HELLO }));
  await api.containers.markFailed(id, 1, `exited: ${EVIL}`);
  await api.call('POST', '/v1/containers', { token, body: { ...HELLO, name: 'other' } });
  env = { BERTH_HOST: api.url, BERTH_TOKEN: token, TZ: 'Asia/Tokyo' };
});
afterAll(() => api[Symbol.asyncDispose]());

test('prints a line an event: when, what, which container, and why', async () => {
  const { exitCode, stdout, stderr } = await berth(['events'], { env });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const short = id.slice(0, 8);
  expect(stdout.replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}/gm, '').split('\n')).toEqual([
    `deploying    hello-world (${short}) r1`,
    `failed       hello-world (${short}) r1  exited: \\x1b]0;owned\\x07\\x0a\\x9b31m\\u202egnp.exe`,
    expect.stringMatching(/^deploying {4}other \([0-9a-f]{8}\) r1$/),
  ]);
});

test('shows the time of the place, GPUs by the beginning of their uuid, and what is kept no more', async () => {
  const [gpu, whose] = ['GPU-4d7b2a53-6c1f-0b9a-5e2d-8f1c3a7e9b04', { containerID: id, revisionNumber: 2 }];
  const lost = [
    { ...LOST, gpus: [gpu, 'GPU-2'] },
    { ...LOST, ...whose },
  ];
  const frames = [
    'event: gap\nid: 8\ndata: {"from":1,"to":8}\n\n',
    ...lost.map((event) => `event: gpu-lost\nid: 9\ndata: ${JSON.stringify(event)}\n\n`),
  ].join('');
  await using server = await startApiServer(stream(frames, 'end'));
  const { stdout } = await berth(['events'], { env: { ...env, BERTH_HOST: server.url } });
  expect(stdout.split('\n')).toEqual([
    '-- events 1 to 8 are kept no more --',
    '2026-01-03 05:04:05  gpu-lost     GPU-4d7b2a53, GPU-2: off the bus',
    `2026-01-03 05:04:05  gpu-lost     ${id.slice(0, 8)} r2  GPU-1, GPU-2: off the bus`,
  ]);
});

test.each([
  ['a name', () => 'hello-world'],
  ['an id', () => id],
])('of one container only, by %s', async (_what, wanted) => {
  const { stdout } = await berth(['events', wanted(), '--tail', '1'], { env });
  expect(stdout.split('\n')).toEqual([expect.stringContaining('failed       hello-world')]);
});

test('of a deleted container by its id', async () => {
  const token = env.BERTH_TOKEN ?? '';
  const gone = idOf(await api.call('POST', '/v1/containers', { token, body: { ...HELLO, name: 'gone' } }));
  await api.call('DELETE', `/v1/containers/${gone}`, { token });
  const { stdout } = await berth(['events', gone], { env });
  expect(stdout.split('\n')).toHaveLength(2);
  expect(await berth(['events', 'gone'], { env })).toMatchObject({ exitCode: 1, stdout: '' });
});

test('--json is what the API says, one object a line', async () => {
  const { stdout } = await berth(['events', '--json', '--tail', 'all', id], { env });
  expect(stdout.split('\n').map((line) => JSON.parse(line))).toMatchObject([
    { kind: 'deploying', containerID: id, createdBy: 'ann' },
    { kind: 'failed', reason: `exited: ${EVIL}` },
  ]);
});

test.each([['events'], ['events', '--json']])('at a terminal nothing drives it: %s %s', async (...args) => {
  const screen = await berthAtTerminal(args, { env });
  expect(screen).toContain('owned');
  expect(screen).not.toMatch(/(?![\t\r\n])[\p{Cc}\p{Bidi_Control}]/u);
});

test('--follow goes on, over a berthd that goes away, until it is interrupted', async () => {
  const frame = `event: gpu-lost\nid: 9\ndata: ${JSON.stringify(LOST)}\n\n`;
  await using server = await startApiServer(stream(frame, 'cut'));
  const setting = { env: { ...env, BERTH_HOST: server.url }, interruptAt: 'connecting again' };
  const { exitCode, stdout } = await berth(['events', '-f'], setting);
  expect(exitCode).toBe(130);
  expect(stdout).toContain('gpu-lost');
});

test('says so where nothing has happened', async () => {
  const nobody = { ...env, BERTH_TOKEN: await api.token('nobody') };
  const { stdout, stderr } = await berth(['events'], { env: nobody });
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'Nothing has happened yet.' });
});

test('a tail that is none exits with 2', async () => {
  expect(await berth(['events', '--tail', '-3'], { env })).toMatchObject({ exitCode: 2, stdout: '' });
});
