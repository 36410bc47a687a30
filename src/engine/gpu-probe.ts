import type { Readable } from 'node:stream';
import { DeadlineError, withDeadline } from './deadline.ts';
import type { Deadlines } from './deadlines.ts';
import { type ContainerAnswer, ExecAnswer, ExecCreatedAnswer } from './docker-answers.ts';
import type { DockerClient } from './docker-client.ts';
import { EngineError } from './engine.ts';
import { readGpuFault } from './gpu-fault.ts';
import { LogFrameParser } from './log-frames.ts';

const PROGRAM = 'nvidia-smi';
const MAX_OUTPUT_BYTES = 64 * 1024;

/** Asks nvidia-smi inside an instance about its GPUs. What it says is the instance's to choose, and is only looked through for signs. */
export class GpuProbe {
  readonly #client: DockerClient;
  readonly #deadlines: Deadlines;

  constructor(client: DockerClient, deadlines: Deadlines) {
    this.#client = client;
    this.#deadlines = deadlines;
  }

  /** Why the instance has lost its GPUs; undefined where it has not, doesn't run, or gives no clear answer in time. */
  async fault(container: ContainerAnswer, signal: AbortSignal): Promise<string | undefined> {
    if (container.State.Status !== 'running') return undefined;
    try {
      // One that hangs can't be ended through the engine; a second would only hang beside it.
      if (await this.#stillRuns(container.ExecIDs ?? [], signal)) return undefined;
      return readGpuFault(await this.#ask(container.Id, signal));
    } catch (error) {
      // It was paused, ended or removed meanwhile, or nothing can be run in it.
      if (error instanceof EngineError && error.kind !== 'unavailable') return undefined;
      throw error;
    }
  }

  async #stillRuns(execIds: readonly string[], signal: AbortSignal): Promise<boolean> {
    for (const id of execIds) {
      const request = { path: `/exec/${id}/json`, deadline: this.#deadlines.read, signal };
      const { Running, ProcessConfig } = await this.#client.ask(request, ExecAnswer);
      if (Running && ProcessConfig.entrypoint === PROGRAM) return true;
    }
    return false;
  }

  async #ask(id: string, signal: AbortSignal): Promise<string> {
    const read = { method: 'POST', deadline: this.#deadlines.read, signal } as const;
    const exec = { Cmd: [PROGRAM, '-L'], AttachStdout: true, AttachStderr: true, WorkingDir: '/' };
    const created = await this.#client.ask(
      { ...read, path: `/containers/${id}/exec`, body: exec },
      ExecCreatedAnswer,
    );
    const body = { Detach: false, Tty: false };
    const output = await this.#client.open({ ...read, path: `/exec/${created.Id}/start`, body });
    try {
      return await this.#read(output, signal);
    } finally {
      output.destroy();
    }
  }

  /** What it says until it ends, its time is up, or that is enough. */
  async #read(output: Readable, signal: AbortSignal): Promise<string> {
    const frames = new LogFrameParser();
    const said = Buffer.alloc(MAX_OUTPUT_BYTES);
    let length = 0;
    const all = async () => {
      for await (const chunk of output) {
        for (const { payload } of frames.push(chunk)) length += Buffer.from(payload).copy(said, length);
        if (length === said.length) return;
      }
    };
    try {
      await withDeadline(this.#deadlines.gpuProbe, signal, all);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw this.#client.broken(error, signal);
    }
    return said.toString('utf8', 0, length);
  }
}
