import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkEngine } from '../../src/cli/doctor/engine.ts';
import { checkNvidia } from '../../src/cli/doctor/nvidia.ts';
import { json, startApiServer } from '../client/api-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const signal = AbortSignal.timeout(30_000);

/** What is said of the toolkit on a machine with a card and an engine that says this of itself; its PATH is one folder. */
async function toolkitWith(info: object, folder: string) {
  const nvidiaSmi = join(folder, 'nvidia-smi');
  writeFileSync(nvidiaSmi, '#!/bin/sh\necho "GPU 0: Tesla T4 (UUID: GPU-1)"\n');
  chmodSync(nvidiaSmi, 0o755);
  const version = json(200, { Version: '28.5.0', ApiVersion: '1.51' });
  const about = json(200, { DockerRootDir: '/var/lib/docker', Driver: 'overlay2', ...info });
  await using engine = await startApiServer((request, response) =>
    (request.url === '/version' ? version : about)(request, response),
  );
  const { facts } = await checkEngine(engine.url.replace('http:', 'tcp:'), true, signal);
  const findings = await checkNvidia(nvidiaSmi, facts, folder, signal);
  return findings.find(({ about: what }) => what === 'NVIDIA container toolkit');
}

test.each([
  ['', 0],
  ['No devices found.', 0],
  ['No devices were found', 6],
])('a driver that lists no card is a problem, with what to look at: %j, exit code %i', async (says, code) => {
  await using folder = await temporaryFolder();
  const nvidiaSmi = join(folder.path, 'nvidia-smi');
  writeFileSync(nvidiaSmi, `#!/bin/sh\necho "${says}"\nexit ${code}\n`);
  chmodSync(nvidiaSmi, 0o755);
  const [driver] = await checkNvidia(nvidiaSmi, null, folder.path, signal);
  expect(driver).toEqual({
    state: 'problem',
    about: 'NVIDIA driver',
    seen: 'the driver finds no GPU',
    mend: 'Is the card seated and powered? lspci | grep -i nvidia shows what the machine sees.',
  });
});

test.each([
  ['the nvidia runtime', { Runtimes: { runc: {}, nvidia: {} } }, 'Docker has the nvidia runtime'],
  [
    'the cards through CDI',
    { CDISpecDirs: ['/etc/cdi'], DiscoveredDevices: [{ Source: 'cdi', ID: 'nvidia.com/gpu=GPU-1' }] },
    'Docker has the cards through CDI',
  ],
])('an engine with %s is well', async (_case, info, seen) => {
  await using folder = await temporaryFolder();
  expect(await toolkitWith(info, folder.path)).toMatchObject({ state: 'ok', seen });
});

test('a description of the cards counts where the engine looks for it', async () => {
  await using folder = await temporaryFolder();
  const cdi = join(folder.path, 'cdi');
  mkdirSync(cdi);
  writeFileSync(join(cdi, 'nvidia.yaml'), '');
  expect(await toolkitWith({ CDISpecDirs: [cdi] }, folder.path)).toMatchObject({ state: 'ok' });
  expect(await toolkitWith({ CDISpecDirs: [] }, folder.path)).toMatchObject({ state: 'warning' });
});

test.each([
  ['no runtime of that name', { Runtimes: { runc: {} } }],
  ['CDI and other devices', { DiscoveredDevices: [{ Source: 'cdi', ID: 'vendor.com/net=eth0' }] }],
  ['no word of either', { Runtimes: null, CDISpecDirs: null, DiscoveredDevices: null }],
])('an engine with %s is told the two commands', async (_case, info) => {
  await using folder = await temporaryFolder();
  expect(await toolkitWith(info, folder.path)).toMatchObject({
    state: 'warning',
    mend: expect.stringMatching(
      /sudo apt-get install -y nvidia-container-toolkit; then: sudo systemctl restart docker /,
    ),
  });
});
