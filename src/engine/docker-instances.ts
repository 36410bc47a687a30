import type { Instance } from '../domain/instance.ts';
import { mapBounded } from './bounded.ts';
import { containerConfig, type EngineChoices } from './container-config.ts';
import type { Deadlines } from './deadlines.ts';
import { ContainerAnswer, ContainerListAnswer, CreatedAnswer } from './docker-answers.ts';
import type { DockerClient, DockerRequest } from './docker-client.ts';
import { EngineError, type GpuUse, type InstanceSpec } from './engine.ts';
import { instanceOf } from './instance-state.ts';
import { GPUS, labelFilter, readInstanceLabels } from './labels.ts';
import { Refusal } from './refusal.ts';
import { explainCreate, explainStart } from './start-refusal.ts';

const PARALLEL_INSPECTS = 8;

/** This installation's Docker containers; those of others are never listed, and never touched. */
export class DockerInstances {
  readonly #client: DockerClient;
  readonly #installation: string;
  readonly #deadlines: Deadlines;

  constructor(client: DockerClient, installation: string, deadlines: Deadlines) {
    this.#client = client;
    this.#installation = installation;
    this.#deadlines = deadlines;
  }

  async list(containerId: string | null, signal: AbortSignal): Promise<readonly Instance[]> {
    const ids = (await this.#summaries(containerId, false, signal)).map((summary) => summary.Id);
    const found = await mapBounded(ids, PARALLEL_INSPECTS, (id) => this.#find(id, signal));
    return found.flatMap((container) =>
      container === undefined ? [] : (instanceOf(this.#installation, container) ?? []),
    );
  }

  /** Makes the Docker container; gives the id of the one that an earlier call made for the same instance. */
  async create(spec: InstanceSpec, choices: EngineChoices, signal: AbortSignal): Promise<string> {
    const { name, body } = containerConfig(this.#installation, spec, choices);
    const request = { method: 'POST', path: '/containers/create', query: { name }, body } as const;
    const options = { deadline: this.#deadlines.change, signal, explain: explainCreate };
    try {
      return (await this.#client.ask({ ...request, ...options }, CreatedAnswer)).Id;
    } catch (error) {
      const existing = isConflict(error) ? await this.#find(name, signal) : undefined;
      const labels = readInstanceLabels(this.#installation, existing?.Config.Labels);
      if (existing === undefined || labels?.instance !== spec.instance) throw error;
      return existing.Id;
    }
  }

  async start(instanceId: string, signal: AbortSignal): Promise<void> {
    const { Id } = await this.own(instanceId, signal);
    await this.#change(`/containers/${Id}/start`, { accept: [304], signal, explain: explainStart });
  }

  async stop(instanceId: string, graceMs: number, signal: AbortSignal): Promise<void> {
    const container = await this.#find(instanceId, signal);
    if (container === undefined) return;
    this.#mustBeOwn(container);
    const query = { t: String(Math.max(0, Math.ceil(graceMs / 1000))) };
    const deadline = graceMs + this.#deadlines.stopMargin;
    await this.#change(`/containers/${container.Id}/stop`, { query, accept: [304, 404], deadline, signal });
  }

  async remove(instanceId: string, signal: AbortSignal): Promise<void> {
    const container = await this.#find(instanceId, signal);
    if (container === undefined) return;
    this.#mustBeOwn(container);
    const path = `/containers/${container.Id}`;
    try {
      const query = { force: 'true', v: 'true' };
      await this.#change(path, { method: 'DELETE', query, accept: [404], signal });
    } catch (error) {
      if (!isConflict(error)) throw error;
      // Someone, an earlier daemon of ours perhaps, is removing it already.
      await this.#change(`${path}/wait`, { query: { condition: 'removed' }, accept: [404], signal });
    }
  }

  async gpuUse(signal: AbortSignal): Promise<ReadonlyMap<string, GpuUse>> {
    const label = [...labelFilter(this.#installation), GPUS];
    const query = { all: 'true', filters: JSON.stringify({ label }) };
    const request = { path: '/containers/json', query, deadline: this.#deadlines.read, signal };
    const summaries = await this.#client.ask(request, ContainerListAnswer);
    return new Map(
      summaries.flatMap(({ Id, Labels }) => {
        const labels = readInstanceLabels(this.#installation, Labels);
        return labels === undefined ? [] : [[Id, labels] as const];
      }),
    );
  }

  async storageUse(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const summaries = await this.#summaries(null, true, signal);
    return new Map(summaries.map((summary) => [summary.Id, summary.SizeRw ?? 0]));
  }

  /** What the engine knows of an instance; rejects with `gone` where it isn't there or isn't ours. */
  async own(instanceId: string, signal: AbortSignal): Promise<ContainerAnswer> {
    const container = await this.#find(instanceId, signal);
    if (container === undefined) throw new EngineError('gone', 'the instance does not exist any more');
    this.#mustBeOwn(container);
    return container;
  }

  /** What the engine knows of an instance of ours that was made with GPUs; undefined where there is no such one. */
  async ownWithGpus(instanceId: string, signal: AbortSignal): Promise<ContainerAnswer | undefined> {
    const container = await this.#find(instanceId, signal);
    const labels = readInstanceLabels(this.#installation, container?.Config.Labels);
    return (labels?.gpus ?? []).length > 0 ? container : undefined;
  }

  #mustBeOwn(container: ContainerAnswer): void {
    if (readInstanceLabels(this.#installation, container.Config.Labels) !== undefined) return;
    throw new EngineError('gone', "the Docker container is not one of this berth's instances");
  }

  async #find(id: string, signal: AbortSignal): Promise<ContainerAnswer | undefined> {
    const path = `/containers/${encodeURIComponent(id)}/json`;
    try {
      return await this.#client.ask({ path, deadline: this.#deadlines.read, signal }, ContainerAnswer);
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'gone') return undefined;
      throw error;
    }
  }

  #summaries(containerId: string | null, size: boolean, signal: AbortSignal) {
    const filters = JSON.stringify({ label: labelFilter(this.#installation, containerId) });
    const query = { all: 'true', filters, ...(size ? { size: 'true' } : {}) };
    // Measuring walks the layers on the disk.
    const deadline = size ? this.#deadlines.change : this.#deadlines.read;
    return this.#client.ask({ path: '/containers/json', query, deadline, signal }, ContainerListAnswer);
  }

  #change(path: string, request: Omit<DockerRequest, 'path' | 'deadline'> & { readonly deadline?: number }) {
    return this.#client.tell({ method: 'POST', deadline: this.#deadlines.change, ...request, path });
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof EngineError && error.cause instanceof Refusal && error.cause.status === 409;
}
