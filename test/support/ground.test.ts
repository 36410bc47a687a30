import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { dockerAt, startEngine } from './engine.ts';
import { type AvailableGround, describeWithEngine } from './ground.ts';
import { Images, pull } from './images.ts';
import { bridgeName } from './leftovers.ts';
import { REGISTRY_USER } from './registry.ts';

const root = process.getuid?.() === 0;

describeWithEngine('the test ground', (ground) => {
  const docker = dockerAt(ground.dockerHost);
  const images = new Images(ground);

  test('has an engine that answers', async () => {
    expect((await docker.version()).ApiVersion).toMatch(/^1\.\d+$/);
  });

  test('builds an image that only the registry has, and that can be pulled back', async () => {
    const image = await images.web('1', 'hello "there", $HOME');
    await expect(docker.getImage(image).inspect()).rejects.toMatchObject({ statusCode: 404 });
    expect(await pageOf(ground, image)).toBe('hello "there", $HOME\n');
  });

  test('builds an image for another processor', async () => {
    const image = await images.wrongArchitecture();
    await pull(docker, image);
    const { Architecture } = await docker.getImage(image).inspect();
    expect(Architecture).toBe(process.arch === 'arm64' ? 'amd64' : 'arm64');
    await docker.getImage(image).remove();
  });

  test('has a registry that gives nothing without the password', async () => {
    const image = await new Images(ground, { auth: true }).web('1', 'secret');
    await expect(pull(docker, image)).rejects.toThrow(/no basic auth credentials|unauthorized/);
    await pull(docker, image, { ...REGISTRY_USER, serveraddress: ground.authRegistry });
    await docker.getImage(image).remove();
  });

  test("serves with the distribution's nginx", async () => {
    const image = await images.nginx('1', 'from nginx');
    await withContainer(ground, image, async (address) => {
      const response = await eventually(() => fetch(`http://${address}/`));
      expect(response.headers.get('server')).toMatch(/^nginx\//);
      expect(await response.text()).toBe('from nginx\n');
    });
  });

  test('sends WebSocket messages back', async () => {
    await withContainer(ground, await images.sockets(), async (address) => {
      await eventually(() => fetch(`http://${address}/`));
      const socket = new WebSocket(`ws://${address}/any`);
      const answer = await new Promise((resolve, reject) => {
        socket.on('open', () => socket.send('x'.repeat(70_000)));
        socket.on('message', (data) => resolve(data.toString()));
        socket.on('error', reject);
      });
      socket.close();
      expect(answer).toBe('x'.repeat(70_000));
    });
  });
});

describe.runIf(root)('an engine of its own', () => {
  test('can be killed and started again, and leaves nothing', async () => {
    const engine = await startEngine();
    const first = engine.pid;
    await engine.kill('SIGKILL');
    await expect(engine.docker.ping()).rejects.toThrow();
    await engine.restart();
    expect(engine.pid).not.toBe(first);
    expect(String(await engine.docker.ping())).toBe('OK');
    const { folder } = engine;
    await engine[Symbol.asyncDispose]();
    expect(existsSync(folder)).toBe(false);
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
    expect(existsSync(`/sys/class/net/${bridgeName(folder)}`)).toBe(false);
  });
});

async function pageOf(ground: AvailableGround, image: string): Promise<string> {
  return withContainer(ground, image, async (address) => {
    const response = await eventually(() => fetch(`http://${address}/`));
    return response.text();
  });
}

async function withContainer<T>(
  ground: AvailableGround,
  image: string,
  use: (address: string) => Promise<T>,
) {
  const docker = dockerAt(ground.dockerHost);
  await pull(docker, image);
  const container = await docker.createContainer({ Image: image });
  try {
    await container.start();
    const { NetworkSettings } = await container.inspect();
    return await use(Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '');
  } finally {
    await container.remove({ force: true });
    await docker.getImage(image).remove();
  }
}

/** Asks until the program in the container listens. */
async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(20);
    }
  }
}
