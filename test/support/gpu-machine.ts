import { execa } from 'execa';
import { CDI_DEVICES, startCdiEngine } from './cdi.ts';
import { type ContainerJson, eventually, TestDaemon, type TestDaemonOptions } from './daemon.ts';
import { dockerAt, type Engine } from './engine.ts';
import { type GpuHook, type GpuHookEngine, startEngineWithGpuHook } from './gpu-hook.ts';
import type { NewerVersion } from './newer-engines.ts';
import { type CapturedMachine, StandInNvidiaSmi } from './nvidia-smi.ts';

type Options = Omit<TestDaemonOptions, 'dockerHost'>;

/** One of GET /v1/gpus' items; what a test reads of it. */
export interface GpuJson {
  readonly uuid: string;
  readonly index: number;
  /** As the driver says it. */
  readonly name: string;
  readonly code: string | null;
  /** Bytes. */
  readonly memoryTotal: number | null;
  readonly holders: readonly string[];
  readonly waiting: readonly string[];
}

/** One of GET /v1/events' events; what a test reads of it. */
export interface EventJson {
  readonly id: number;
  readonly kind: string;
  readonly containerID: string | null;
  readonly reason: string | null;
  readonly gpus: readonly string[];
}

/** Whether a container waits for GPUs, by what it is told. */
export function isInLine({ statusReason }: Pick<ContainerJson, 'statusReason'>): boolean {
  return statusReason !== null && / in line\b/.test(statusReason);
}

/** A berthd on a machine with GPUs, and what its API tells of them. */
export class BerthWithGpus {
  readonly berth: TestDaemon;

  constructor(berth: TestDaemon) {
    this.berth = berth;
  }

  /** The machine's GPUs as the API tells them. */
  async gpus(): Promise<readonly GpuJson[]> {
    return (await this.#told()).items;
  }

  /** Why it has none, or fewer than it should, as the API tells it. */
  async reason(): Promise<string | null> {
    return (await this.#told()).reason;
  }

  async #told(): Promise<{ readonly items: readonly GpuJson[]; readonly reason: string | null }> {
    return JSON.parse(await (await this.berth.api('/v1/gpus?rows=100')).text());
  }

  /** The cards that a container holds as the API tells it, by uuid. */
  async heldBy(id: string): Promise<readonly string[]> {
    return (await this.gpus()).filter(({ holders }) => holders.includes(id)).map(({ uuid }) => uuid);
  }

  /** Waits until a container says why it waits, and gives that. */
  async waits(id: string): Promise<string> {
    const { statusReason } = await this.berth.until(id, (one) => isInLine(one));
    return statusReason ?? '';
  }

  async delete(container: Pick<ContainerJson, 'id'>): Promise<void> {
    await this.berth.api(`/v1/containers/${container.id}`, { method: 'DELETE' });
    await eventually(
      async () => (await this.heldBy(container.id)).length === 0,
      () => `${container.id} keeps its GPU`,
    );
  }

  /** What happened so far, oldest first. */
  async events(): Promise<readonly EventJson[]> {
    const text = await (await this.berth.api('/v1/events?follow=false&tail=all')).text();
    return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']): EventJson => JSON.parse(data));
  }

  /** What a shell command in a container says, on both streams. */
  async output(id: string, command: string): Promise<string> {
    const container = dockerAt(this.berth.dockerHost).getContainer(await this.runningInstance(id));
    const exec = await container.exec({ Cmd: ['/bin/sh', '-c', command], AttachStdout: true, Tty: true });
    let said = '';
    for await (const chunk of await exec.start({ Tty: true })) said += chunk;
    return said;
  }

  /** The Docker id of the one instance of a container that runs. */
  protected async runningInstance(id: string): Promise<string> {
    const running = (await this.berth.instances(id)).filter(({ State }) => State === 'running');
    const [only] = running;
    if (only === undefined || running.length > 1) throw new Error(`${running.length} instances of ${id} run`);
    return only.Id;
  }
}

/** A machine with GPUs of which only the outermost edge is played: nvidia-smi, and the hook that Docker calls. */
export class GpuMachine extends BerthWithGpus implements AsyncDisposable {
  readonly engine: Engine;
  readonly hook: GpuHook;
  readonly nvidiaSmi: StandInNvidiaSmi;
  readonly #own: AsyncDisposableStack;

  private constructor(
    parts: { berth: TestDaemon; engine: Engine; hook: GpuHook; nvidiaSmi: StandInNvidiaSmi },
    own: AsyncDisposableStack,
  ) {
    super(parts.berth);
    this.engine = parts.engine;
    this.hook = parts.hook;
    this.nvidiaSmi = parts.nvidiaSmi;
    this.#own = own;
  }

  /** On an engine of its own; `on` names another, which stays when this machine goes. */
  static async start(
    machine: CapturedMachine,
    { on, ...options }: Options & { readonly on?: GpuHookEngine } = {},
  ): Promise<GpuMachine> {
    await using own = new AsyncDisposableStack();
    const engine = on ?? own.use(await startEngineWithGpuHook());
    return await GpuMachine.#boot(own.use(await StandInNvidiaSmi.of(machine)), engine, options, own);
  }

  /** On a newer engine of its own that knows each of the machine's GPUs by CDI. */
  static async startWithCdi(
    version: NewerVersion,
    machine: CapturedMachine,
    options: Options = {},
  ): Promise<GpuMachine> {
    await using own = new AsyncDisposableStack();
    const nvidiaSmi = own.use(await StandInNvidiaSmi.of(machine));
    const { stdout } = await execa(nvidiaSmi.path, ['-L']);
    const uuids = [...stdout.matchAll(/\(UUID: (\S+)\)/g)].map(([, uuid = '']) => uuid);
    return await GpuMachine.#boot(nvidiaSmi, own.use(await startCdiEngine(version, uuids)), options, own);
  }

  static async #boot(
    nvidiaSmi: StandInNvidiaSmi,
    { engine, hook }: GpuHookEngine,
    options: Options,
    own: AsyncDisposableStack,
  ): Promise<GpuMachine> {
    const env = { ...options.env, BERTH_NVIDIA_SMI: nvidiaSmi.path };
    const berth = own.use(await TestDaemon.start({ ...options, dockerHost: engine.dockerHost, env }));
    return new GpuMachine({ berth, engine, hook, nvidiaSmi }, own.move());
  }

  /** What Docker was told for the one instance of a container that runs. */
  async toldFor(id: string): Promise<readonly string[] | undefined> {
    return await this.hook.toldFor(await this.runningInstance(id));
  }

  /** The cards that a program in a container finds, where Docker gave them by CDI: by uuid, sorted. */
  async seenBy(id: string): Promise<readonly string[]> {
    const found = await this.output(id, `ls ${CDI_DEVICES} 2>/dev/null | sort`);
    return found.split(/\s+/).filter((uuid) => uuid !== '');
  }

  /** Which containers' instances run on each card as Docker was told, by uuid: of who has none, there is nothing. */
  async runningOn(): Promise<ReadonlyMap<string, readonly string[]>> {
    const [running, calls] = await Promise.all([this.engine.docker.listContainers(), this.hook.calls()]);
    const told = new Map(calls.map(({ container, told }) => [container, told.last]));
    const users = running.flatMap(({ Id, Labels }) =>
      (told.get(Id) ?? []).map((uuid) => ({ uuid, id: Labels['berth.container'] ?? '' })),
    );
    const byCard = Map.groupBy(users, ({ uuid }) => uuid);
    return new Map([...byCard].map(([uuid, on]) => [uuid, on.map(({ id }) => id)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own.disposeAsync();
  }
}
