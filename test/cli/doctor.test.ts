import { expect, test } from 'vitest';
import { examine } from '../../src/cli/doctor/examine.ts';
import { readConfig } from '../../src/config.ts';

const HOME = '/nonexistent/joe';

test.each([
  ['the system’s berthd', '/run/berth/berth.sock', '/var/lib/berth'],
  ['a berthd of their own', `${HOME}/berth.sock`, `${HOME}/.local/share/berth`],
])('a plain user who talks to %s is told of its disk', async (_whose, socket, disk) => {
  const environment = { variables: { BERTH_SOCKET: socket }, root: false, home: HOME };
  const findings = await examine(
    environment,
    async (surroundings) => readConfig(surroundings),
    AbortSignal.timeout(30_000),
  );
  const seen = findings.find(({ about }) => about === "berth's disk")?.seen;
  expect(seen).toMatch(new RegExp(`^${disk}: `));
});
