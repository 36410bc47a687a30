import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inert, inertLine } from '../../src/cli/terminal.ts';
import { startApiServer } from '../client/api-server.ts';
import { berth, berthAtTerminal } from './berth.ts';
import { container, gpu, scriptedApi } from './scripted-api.ts';

const EVIL = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp.exe';
const evil = container({
  status: 'failed',
  image: `x${EVIL}:1`,
  createdBy: EVIL,
  statusReason: `exited: ${EVIL}`,
});
const evilGpu = gpu({ name: EVIL, model: null, holders: [evil.id], state: 'lost', stateReason: EVIL });
const log = `event: stdout\nid: 1\ndata: tab\there ${EVIL}\n\nevent: stderr\nid: 2\ndata: ${EVIL}\n\n`;

const evils = { containers: [evil], deploy: [evil], gpus: [[evilGpu]], reason: EVIL };

test('nothing that a container or a user wrote drives the terminal', async () => {
  await using server = await startApiServer(scriptedApi({ ...evils, log }));
  const setting = { env: { BERTH_HOST: server.url, NO_COLOR: '1' } };
  const commands = [['ls', '-a'], ['gpus'], ['logs', 'web'], ['run', 'nginx:1'], ['rm', 'web']];
  for (const args of commands) {
    const screen = await berthAtTerminal(args, setting);
    // berth's own: it clears the line that shows the progress.
    expect(screen.replaceAll('\r\u001b[K', ''), args.join(' ')).not.toMatch(
      /(?![\t\r\n])[\p{Cc}\p{Bidi_Control}]/u,
    );
  }
});

test('at a terminal a log line keeps its tabs and shows its escapes', async () => {
  await using server = await startApiServer(scriptedApi({ containers: [evil], log }));
  const screen = await berthAtTerminal(['logs', 'web'], { env: { BERTH_HOST: server.url } });
  expect(screen).toContain('tab\there \\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u202egnp.exe');
});

test('into a file a log goes as it was written, each stream to its own', async () => {
  await using server = await startApiServer(scriptedApi({ containers: [evil], log }));
  const { stdout, stderr } = await berth(['logs', 'web'], { env: { BERTH_HOST: server.url } });
  expect(stdout).toBe(`tab\there ${EVIL}`);
  expect(stderr).toBe(EVIL);
});

test('no text holds a control character once it is inert', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(inert(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(inertLine(text).replaceAll('\t', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }),
  );
});

test('ordinary text stays as it is', () => {
  expect(inert('grüße 🚢 — "done"')).toBe('grüße 🚢 — "done"');
});
