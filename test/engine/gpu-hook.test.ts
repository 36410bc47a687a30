import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InstanceSpec } from '../../src/engine/engine.ts';
import { type GpuHookEngine, nvidiaSmiSays, startEngineWithGpuHook } from '../support/gpu-hook.ts';
import { describeWithEngine } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { Installation, NEVER } from './installation.ts';

const ALL = { NVIDIA_VISIBLE_DEVICES: 'all' };
const GIBIBYTE = 1024 ** 3;

describeWithEngine('GPUs through the nvidia driver', (ground) => {
  let own: GpuHookEngine;
  let berth: Installation;
  let web: string;
  /** The same, but its environment asks for every device there is. */
  let greedy: string;

  beforeAll(async () => {
    own = await startEngineWithGpuHook();
    berth = new Installation(own.engine.dockerHost);
    web = await new Images(ground).web('gpu', 'hello');
    await Promise.all([berth.pull(web), berth.network()]);
    greedy = await commit('greedy', [
      'NVIDIA_VISIBLE_DEVICES=all',
      'NVIDIA_IMEX_CHANNELS=0',
      'NVIDIA_MIG_CONFIG_DEVICES=all',
      'NVIDIA_NVSWITCH=enabled',
      'DOCKER_RESOURCE_GPU=all',
    ]);
  });
  afterAll(async () => {
    await berth?.[Symbol.asyncDispose]();
    await own?.[Symbol.asyncDispose]();
  });

  async function commit(name: string, env: readonly string[]): Promise<string> {
    const container = await own.engine.docker.createContainer({ Image: web });
    const repo = `docker.io/berth-test/${name}`;
    await container.commit({ repo, tag: '1', changes: env.map((entry) => `ENV ${entry}`) });
    return `${repo}:1`;
  }

  /** The variables of NVIDIA's and Swarm's that the first process of an instance has, as the runtime was told. */
  async function toolkitVariables(id: string): Promise<readonly string[]> {
    const [call] = await own.hook.callsFor(id);
    return (call?.env ?? []).filter((entry) => /^(NVIDIA|DOCKER)_/.test(entry));
  }

  async function output(wish: Partial<InstanceSpec>): Promise<string> {
    return (await berth.log(await berth.run(web, wish))).map((line) => line.text).join('\n');
  }

  test('the toolkit is told the uuids that the instance was given, and no others', async () => {
    const [one, two] = [[gpu()], [gpu(), gpu()]];
    const ids = await Promise.all([one, two].map((gpus) => berth.run(web, { gpus })));
    expect(await Promise.all(ids.map((id) => own.hook.toldFor(id)))).toEqual([one, two]);
    expect((await own.hook.callsFor(ids[0] ?? '')).map((call) => call.arguments)).toEqual([['prestart']]);
  });

  test.for([
    ["the user's environment", () => web, ALL],
    ["the image's environment", () => greedy, {}],
    ['both', () => greedy, { ...ALL, NVIDIA_GDS: 'enabled', DOCKER_RESOURCE_GPUS: '1' }],
  ] as const)('%s can not widen that, in whichever order it is read', async ([, image, env]) => {
    const gpus = [gpu()];
    const id = await berth.run(image(), { gpus, env });
    expect(await toolkitVariables(id)).toEqual([
      `NVIDIA_VISIBLE_DEVICES=${gpus}`,
      'NVIDIA_DRIVER_CAPABILITIES=compute,utility',
      `NVIDIA_VISIBLE_DEVICES=${gpus}`,
    ]);
  });

  test.for([
    ['neither asks', () => web, {}],
    ['the user asks', () => web, ALL],
    ['the image asks', () => greedy, {}],
  ] as const)('an instance without GPUs sees none: %s', async ([, image, env]) => {
    const command = ['/bin/sh', '-c', 'env | grep -E "^(NVIDIA|DOCKER)_"'];
    const id = await berth.run(image(), { env, command });
    expect((await berth.log(id)).map((line) => line.text)).toEqual(['NVIDIA_VISIBLE_DEVICES=void']);
    expect(await own.hook.callsFor(id)).toEqual([]);
  });

  test('which parts of the driver it gets is for the user to say, then for the image', async () => {
    const image = await commit('video', ['NVIDIA_DRIVER_CAPABILITIES=video']);
    const wishes = [{}, { NVIDIA_DRIVER_CAPABILITIES: 'all' }];
    const ids = await Promise.all(wishes.map((env) => berth.run(image, { gpus: [gpu()], env })));
    const variables = await Promise.all(ids.map(toolkitVariables));
    expect(variables.map((entries) => entries.filter((entry) => entry.startsWith('NVIDIA_DRIVER')))).toEqual([
      ['NVIDIA_DRIVER_CAPABILITIES=video'],
      ['NVIDIA_DRIVER_CAPABILITIES=all'],
    ]);
  });

  test('its /dev/shm is as large as asked', async () => {
    const command = ['/bin/sh', '-c', 'df -k /dev/shm | tail -n 1'];
    const wishes = [{ gpus: [gpu()], shmBytes: GIBIBYTE }, { shmBytes: GIBIBYTE / 16 }];
    const [large, small] = await Promise.all(wishes.map((wish) => output({ command, ...wish })));
    expect(large).toMatch(/\s1048576\s/);
    expect(small).toMatch(/\s65536\s/);
  });

  test('where the toolkit is missing the start fails for good and says what to do', async () => {
    await using bare = new Installation(ground.dockerHost);
    await bare.pull(web);
    const failure = bare.run(web, { gpus: [gpu()] });
    await expect(failure).rejects.toMatchObject({ kind: 'no-gpu-access' });
    await expect(failure).rejects.toThrow(/sudo apt-get install -y nvidia-container-toolkit/);
    await expect(failure).rejects.toThrow(/sudo systemctl restart docker/);
  });

  test.for([
    ['device error: GPU-0: unknown device', 'refused', /does not know the GPU any more/],
    ['initialization error: nvml error: driver not loaded', 'refused', /driver is not loaded/],
    [
      'requirement error: unsatisfied condition: cuda>=12.4, please update your driver to a newer version, or use an earlier cuda container',
      'cannot-start',
      /needs cuda>=12\.4$/,
    ],
  ] as const)('what the toolkit refuses is explained: %s', async ([said, kind, message]) => {
    await own.hook.refuse(`Auto-detected mode as 'legacy'\nnvidia-container-cli: ${said}\n`);
    const failure = berth.run(web, { gpus: [gpu()] });
    await expect(failure).rejects.toMatchObject({ kind, message: expect.stringMatching(message) });
    await own.hook.refuse(null);
  });

  describe('a loss inside an instance', () => {
    let id: string;

    beforeAll(async () => {
      id = await berth.run(web, { gpus: [gpu()] });
    });

    const fault = () => berth.engine.gpuFault(id, NEVER);
    const say = (answer: Parameters<typeof nvidiaSmiSays>[2]) => nvidiaSmiSays(own.engine, id, answer);

    test('is none while nvidia-smi lists its GPUs', async () => {
      expect(await fault()).toBeUndefined();
    });

    test('is seen by what nvidia-smi says, and over when that lists them again', async () => {
      await say({ text: 'Failed to initialize NVML: Unknown Error', exitCode: 255 });
      expect(await fault()).toMatch(/lost access to its GPU .* systemctl daemon-reload/);
      await say(null);
      expect(await fault()).toBeUndefined();
    });

    test('is not made of what comes too late in too long an output', async () => {
      await say({ script: 'head -c 100000 /dev/zero | tr "\\0" x; echo GPU is lost; exit 15' });
      expect(await fault()).toBeUndefined();
      await say({ script: 'head -c 50000 /dev/zero | tr "\\0" x; echo GPU is lost; exit 15' });
      await expect.poll(fault).toBe('the GPU is lost: it has fallen off the bus');
    });

    test('is not looked for by a second nvidia-smi where the first hangs, or never stops talking', async () => {
      await using impatient = new Installation(own.engine.dockerHost, { deadlines: { gpuProbe: 100 } });
      for (const script of ['sleep 600', 'exec yes "nothing to see"']) {
        const hanging = await impatient.run(web, { gpus: [gpu()] });
        await nvidiaSmiSays(own.engine, hanging, { script });
        for (let time = 0; time < 3; time++)
          expect(await impatient.engine.gpuFault(hanging, NEVER)).toBeUndefined();
        const { ExecIDs } = await own.engine.docker.getContainer(hanging).inspect();
        expect(ExecIDs).toHaveLength(1);
      }
    });

    test('is unknown, and no error, in an instance that has no nvidia-smi, is paused, ended or gone', async () => {
      const command = ['/bin/sh', '-c', 'rm /usr/bin/nvidia-smi; exec sleep 600'];
      const without = await berth.run(web, { gpus: [gpu()], command });
      await expect.poll(() => berth.engine.gpuFault(without, NEVER)).toBeUndefined();
      const container = own.engine.docker.getContainer(without);
      await container.pause();
      expect(await berth.engine.gpuFault(without, NEVER)).toBeUndefined();
      await container.unpause();
      await berth.engine.stop(without, 0, NEVER);
      expect(await berth.engine.gpuFault(without, NEVER)).toBeUndefined();
      await berth.engine.remove(without, NEVER);
      expect(await berth.engine.gpuFault(without, NEVER)).toBeUndefined();
    });
  });
});

function gpu(): string {
  return `GPU-${randomUUID()}`;
}
