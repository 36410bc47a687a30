import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DockerOptions } from '../../src/engine/docker.ts';
import type { EngineErrorKind } from '../../src/engine/engine.ts';
import { dockerAt } from '../support/engine.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { REGISTRY_USER } from '../support/registry.ts';
import { Installation, image, NEVER } from './installation.ts';

describeWithEngine('a pull', (ground) => {
  const docker = dockerAt(ground.dockerHost);
  const images = new Images(ground);
  let folder: string;
  let configFile: string;
  let secret: string;
  const installations: Installation[] = [];

  function berth(options: Partial<DockerOptions> = {}): Installation {
    const installation = new Installation(ground.dockerHost, { dockerConfigFile: configFile, ...options });
    installations.push(installation);
    return installation;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-pull-'));
    configFile = join(folder, 'config.json');
    secret = await new Images(ground, { auth: true }).web('1', 'secret');
  });
  afterEach(async () => {
    await rm(configFile, { force: true });
    await docker.getImage(secret).remove({ force: true }).catch(ignoreMissing);
    for (const installation of installations.splice(0)) await installation[Symbol.asyncDispose]();
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('brings an image from its registry and tells how far it is', async () => {
    const { engine } = berth();
    const web = image(await images.web('1', 'hello'));
    const seen: (number | null)[] = [];
    await engine.pull(web, (percent) => seen.push(percent), NEVER);
    expect(await engine.findImage(web, NEVER)).toEqual({ fromRegistry: true });
    expect(seen.at(0)).toBeNull();
    expect(seen).toEqual([...seen].sort((a, b) => (a ?? -1) - (b ?? -1)));
  });

  test('brings an image by its digest', async () => {
    const { engine } = berth();
    const web = await images.web('digest', 'by digest');
    await engine.pull(image(web), () => undefined, NEVER);
    const { RepoDigests } = await docker.getImage(web).inspect();
    await docker.getImage(web).remove();
    const pinned = image(`${web}@${RepoDigests[0]?.split('@')[1]}`);
    await engine.pull(pinned, () => undefined, NEVER);
    expect(await engine.findImage(pinned, NEVER)).toEqual({ fromRegistry: true });
  });

  test('tells a local image from one of a registry', async () => {
    const { engine, id } = berth();
    const web = await images.web('local', 'local');
    await engine.pull(image(web), () => undefined, NEVER);
    const container = await docker.createContainer({ Image: web });
    await container.commit({ repo: 'local-only', tag: id });
    await container.remove();
    expect(await engine.findImage(image(`local-only:${id}`), NEVER)).toEqual({ fromRegistry: false });
    await docker.getImage(`local-only:${id}`).remove();
  });

  test.for([
    ['that no registry has', () => images.missing(), 'image-missing', /does not exist in its registry/],
    ['without credentials', () => secret, 'image-denied', /docker login/],
    [
      'from where nothing listens',
      () => '127.0.0.1:1/x:1',
      'registry-unreachable',
      /127\.0\.0\.1:1 did not answer/,
    ],
    ['from a name that is none', () => 'registry.invalid/x:1', 'registry-unreachable', /registry\.invalid/],
  ] satisfies [string, () => string, EngineErrorKind, RegExp][])(
    'of an image %s says so',
    async ([, reference, kind, message]) => {
      const pulled = berth().pull(reference());
      await expect(pulled).rejects.toMatchObject({
        name: 'EngineError',
        kind,
        message: expect.stringMatching(message),
      });
    },
  );

  test('of an image for another kind of machine says so, and such an image is not run', async () => {
    const installation = berth();
    const wrong = await images.wrongArchitecture();
    const refusal = {
      kind: 'image-architecture',
      message: expect.stringMatching(/is built for \w+ and this machine is \w+/),
    };
    await expect(installation.pull(wrong)).rejects.toMatchObject(refusal);
    await expect(installation.run(wrong)).rejects.toMatchObject(refusal);
    await docker.getImage(wrong).remove();
  });

  test('from a registry that accepts and says nothing is given up', async () => {
    const server = await silentServer();
    const { port } = address(server);
    const { engine } = berth({ deadlines: { pullStall: 1_000 } });
    await expect(engine.pull(image(`127.0.0.1:${port}/x:1`), () => undefined, NEVER)).rejects.toMatchObject({
      kind: 'registry-unreachable',
      message: `the pull from 127.0.0.1:${port} made no progress for 1 s`,
    });
    server.close();
  });

  test('ends when it is aborted, with the reason given', async () => {
    const server = await silentServer();
    const connected = new Promise((resolve) => server.once('connection', resolve));
    const controller = new AbortController();
    const pulled = berth().engine.pull(
      image(`127.0.0.1:${address(server).port}/x:1`),
      () => undefined,
      controller.signal,
    );
    const rejected = expect(pulled).rejects.toThrow('no longer wanted');
    await connected;
    controller.abort(new Error('no longer wanted'));
    await rejected;
    server.close();
  });

  test("uses berth's own credentials", async () => {
    await berth({ registryCredentials: { [ground.authRegistry]: REGISTRY_USER } }).pull(secret);
  });

  test.for([
    ['auth', { auth: Buffer.from(`${REGISTRY_USER.username}:${REGISTRY_USER.password}`).toString('base64') }],
    ['a name and a password', REGISTRY_USER],
  ] as const)("uses Docker's config file with %s, read at each pull", async ([, entry]) => {
    const installation = berth();
    await expect(installation.pull(secret)).rejects.toMatchObject({ kind: 'image-denied' });
    await writeFile(configFile, JSON.stringify({ auths: { [`http://${ground.authRegistry}/v2/`]: entry } }));
    await installation.pull(secret);
  });

  test.for(['credsStore', 'credHelpers'] as const)(
    'asks the credential helper that %s names',
    async (field) => {
      const path = process.env.PATH;
      await writeHelper(
        `echo '${JSON.stringify({ Username: REGISTRY_USER.username, Secret: REGISTRY_USER.password })}'`,
      );
      const value = field === 'credsStore' ? 'berth-test' : { [ground.authRegistry]: 'berth-test' };
      await writeFile(configFile, JSON.stringify({ [field]: value }));
      process.env.PATH = `${folder}${delimiter}${path}`;
      try {
        await berth().pull(secret);
      } finally {
        process.env.PATH = path;
      }
    },
  );

  test.for([
    ['says that it has none', 'echo "credentials not found in native keychain"; exit 1'],
    ['fails', 'echo broken >&2; exit 2'],
    ['answers nonsense', 'echo hello'],
    ['hangs', 'exec sleep 1000'],
  ] as const)('goes without credentials where the helper %s', async ([, script]) => {
    const path = process.env.PATH;
    await writeHelper(script);
    await writeFile(configFile, JSON.stringify({ credsStore: 'berth-test' }));
    process.env.PATH = `${folder}${delimiter}${path}`;
    try {
      await expect(berth({ deadlines: { credentialHelper: 500 } }).pull(secret)).rejects.toMatchObject({
        kind: 'image-denied',
      });
    } finally {
      process.env.PATH = path;
    }
  });

  test.for(['not JSON', '[]', '{"auths":3}'])(
    'goes without credentials where the config file is %s',
    async (text) => {
      await writeFile(configFile, text);
      await expect(berth().pull(secret)).rejects.toMatchObject({ kind: 'image-denied' });
    },
  );

  test('is denied with a wrong password, which the message does not tell', async () => {
    const wrong = { username: 'sailor', password: 'not-the-harbour' };
    const pulled = berth({ registryCredentials: { [ground.authRegistry]: wrong } }).pull(secret);
    await expect(pulled).rejects.toMatchObject({
      kind: 'image-denied',
      message: expect.not.stringContaining(wrong.password),
    });
  });

  async function writeHelper(script: string): Promise<void> {
    const file = join(folder, 'docker-credential-berth-test');
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
  }
});

/** Takes connections and answers nothing. */
async function silentServer(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function address(server: Server): AddressInfo {
  const found = server.address();
  if (found === null || typeof found === 'string') throw new Error('no port');
  return found;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 404)) throw error;
}
