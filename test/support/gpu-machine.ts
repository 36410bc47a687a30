import { type ContainerJson, eventually, TestDaemon, type TestDaemonOptions } from './daemon.ts';
import type { Engine } from './engine.ts';
import { type GpuHook, startEngineWithGpuHook } from './gpu-hook.ts';
import { type CapturedMachine, StandInNvidiaSmi } from './nvidia-smi.ts';

/** One of GET /v1/gpus' items; what a test reads of it. */
export interface GpuJson {
  readonly uuid: string;
  readonly code: string | null;
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

/** A machine with GPUs of which only the outermost edge is played: nvidia-smi, and the hook that Docker calls. */
export class GpuMachine implements AsyncDisposable {
  readonly berth: TestDaemon;
  readonly engine: Engine;
  readonly hook: GpuHook;
  readonly nvidiaSmi: StandInNvidiaSmi;
  readonly #own: AsyncDisposableStack;

  private constructor(
    parts: { berth: TestDaemon; engine: Engine; hook: GpuHook; nvidiaSmi: StandInNvidiaSmi },
    own: AsyncDisposableStack,
  ) {
    this.berth = parts.berth;
    this.engine = parts.engine;
    this.hook = parts.hook;
    this.nvidiaSmi = parts.nvidiaSmi;
    this.#own = own;
  }

  static async start(
    machine: CapturedMachine,
    options: Omit<TestDaemonOptions, 'dockerHost'> = {},
  ): Promise<GpuMachine> {
    await using own = new AsyncDisposableStack();
    const nvidiaSmi = own.use(await StandInNvidiaSmi.of(machine));
    const { engine, hook } = own.use(await startEngineWithGpuHook());
    const env = { ...options.env, BERTH_NVIDIA_SMI: nvidiaSmi.path };
    const berth = own.use(await TestDaemon.start({ ...options, dockerHost: engine.dockerHost, env }));
    return new GpuMachine({ berth, engine, hook, nvidiaSmi }, own.move());
  }

  /** The machine's GPUs as the API tells them. */
  async gpus(): Promise<readonly GpuJson[]> {
    const answer: { items: GpuJson[] } = JSON.parse(await (await this.berth.api('/v1/gpus?rows=100')).text());
    return answer.items;
  }

  /** The cards that a container holds as the API tells it, by uuid. */
  async heldBy(id: string): Promise<readonly string[]> {
    return (await this.gpus()).filter(({ holders }) => holders.includes(id)).map(({ uuid }) => uuid);
  }

  /** What Docker was told for the one instance of a container that runs. */
  async toldFor(id: string): Promise<readonly string[] | undefined> {
    const running = (await this.berth.instances(id)).filter(({ State }) => State === 'running');
    if (running.length !== 1) throw new Error(`${running.length} instances of ${id} run`);
    return await this.hook.toldFor(running[0]?.Id ?? '');
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

  /** Waits until a container says why it waits, and gives that. */
  async waits(id: string): Promise<string> {
    const { statusReason } = await this.berth.until(
      id,
      (one) => one.statusReason?.startsWith('waiting for') ?? false,
    );
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own.disposeAsync();
  }
}
