import type { Logger } from 'pino';
import type { ImageReference } from '../domain/image-reference.ts';
import type { Instance } from '../domain/instance.ts';
import type { LogLine } from '../domain/log-line.ts';
import { DEADLINES, type Deadlines } from './deadlines.ts';
import { DeviceDrivers } from './device-drivers.ts';
import { DockerClient } from './docker-client.ts';
import { parseDockerHost } from './docker-host.ts';
import { DockerImages } from './docker-images.ts';
import { DockerInstances } from './docker-instances.ts';
import type {
  AddressRange,
  Engine,
  EngineEvent,
  EngineInfo,
  GpuUse,
  InstanceSpec,
  Listener,
  LogSelection,
  PullProgress,
} from './engine.ts';
import { subscribe } from './events.ts';
import { GpuProbe } from './gpu-probe.ts';
import { listenersOf } from './listeners.ts';
import { readLogs } from './logs.ts';
import { InstallationNetwork } from './network.ts';
import { CredentialStore, type RegistryCredentials } from './registry-credentials.ts';
import { StorageLimits } from './storage-limit.ts';

/** How to reach the engine, and whose instances are ours. */
export interface DockerOptions {
  /** `unix:///path` or `tcp://host:port`. */
  readonly dockerHost: string;
  /** Unique for ever; on the labels of all that berth makes. */
  readonly installation: string;
  /** Docker's own config.json, with credentials for registries; it need not exist. */
  readonly dockerConfigFile: string;
  /** berth's own credentials by registry ("registry.example.com", "docker.io"); they go before Docker's. */
  readonly registryCredentials: Readonly<Record<string, RegistryCredentials>>;
  readonly log: Logger;
  /** Other deadlines than DEADLINES; a test's want. */
  readonly deadlines?: Partial<Deadlines>;
}

/** An Engine that closes its connections when disposed: what is under way then rejects. */
export interface DockerEngine extends Engine, Disposable {
  /** Removes this installation's network, on which no instance may be left: for uninstalling. */
  removeNetwork(signal: AbortSignal): Promise<void>;
}

/** Opens a Docker Engine, 20.10 to 29. Nothing is asked of it yet: it may be down. Throws DomainError for a bad address. */
export function openDocker(options: DockerOptions): DockerEngine {
  return new Docker(options);
}

class Docker implements DockerEngine {
  readonly #installation: string;
  readonly #deadlines: Deadlines;
  readonly #client: DockerClient;
  readonly #images: DockerImages;
  readonly #instances: DockerInstances;
  readonly #network: InstallationNetwork;
  readonly #storage: StorageLimits;
  readonly #drivers: DeviceDrivers;
  readonly #gpuProbe: GpuProbe;

  constructor(options: DockerOptions) {
    const deadlines = { ...DEADLINES, ...options.deadlines };
    const { dockerConfigFile, registryCredentials, installation, log } = options;
    const credentials = new CredentialStore(
      dockerConfigFile,
      registryCredentials,
      deadlines.credentialHelper,
      log,
    );
    const client = new DockerClient(parseDockerHost(options.dockerHost), deadlines.info);
    this.#installation = installation;
    this.#deadlines = deadlines;
    this.#client = client;
    this.#images = new DockerImages(client, credentials, deadlines);
    this.#storage = new StorageLimits(client, deadlines, log);
    this.#instances = new DockerInstances(client, installation, deadlines);
    this.#drivers = new DeviceDrivers(client, deadlines, log);
    this.#gpuProbe = new GpuProbe(client, deadlines);
    this.#network = new InstallationNetwork(client, installation, deadlines);
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    const { version, apiVersion, architecture } = await this.#client.session(signal, true);
    const { info, limit } = await this.#storage.look(signal);
    return {
      version,
      apiVersion,
      architecture,
      cpus: info.NCPU,
      memoryBytes: info.MemTotal,
      storageDriver: info.Driver,
      storageLimit: limit,
    };
  }

  prepareNetwork(signal: AbortSignal): Promise<AddressRange> {
    return this.#network.prepare(signal);
  }

  removeNetwork(signal: AbortSignal): Promise<void> {
    return this.#network.remove(signal);
  }

  findImage(
    image: ImageReference,
    signal: AbortSignal,
  ): Promise<{ readonly fromRegistry: boolean } | undefined> {
    return this.#images.find(image, signal);
  }

  pull(image: ImageReference, onProgress: PullProgress, signal: AbortSignal): Promise<void> {
    return this.#images.pull(image, onProgress, signal);
  }

  instances(containerId: string | null, signal: AbortSignal): Promise<readonly Instance[]> {
    return this.#instances.list(containerId, signal);
  }

  async create(spec: InstanceSpec, signal: AbortSignal): Promise<string> {
    const imageEnv = await this.#images.check(spec.image, signal);
    const devices = { gpus: spec.gpus, driver: await this.#drivers.choose(spec.gpus, signal) };
    return await this.#storage.apply((limit) => {
      const choices = { limitStorage: limit === 'driver', devices, imageEnv };
      return this.#instances.create(spec, choices, signal);
    }, signal);
  }

  start(instanceId: string, signal: AbortSignal): Promise<void> {
    return this.#drivers.learn(() => this.#instances.start(instanceId, signal));
  }

  stop(instanceId: string, graceMs: number, signal: AbortSignal): Promise<void> {
    return this.#instances.stop(instanceId, graceMs, signal);
  }

  remove(instanceId: string, signal: AbortSignal): Promise<void> {
    return this.#instances.remove(instanceId, signal);
  }

  async listeners(instanceId: string, signal: AbortSignal): Promise<readonly Listener[] | undefined> {
    const container = await this.#instances.own(instanceId, signal);
    return container.State.Pid > 0 ? await listenersOf(container.State.Pid, container.Id) : undefined;
  }

  gpuUse(signal: AbortSignal): Promise<ReadonlyMap<string, GpuUse>> {
    return this.#instances.gpuUse(signal);
  }

  async gpuFault(instanceId: string, signal: AbortSignal): Promise<string | undefined> {
    const container = await this.#instances.ownWithGpus(instanceId, signal);
    return container === undefined ? undefined : await this.#gpuProbe.fault(container, signal);
  }

  storageUse(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return this.#instances.storageUse(signal);
  }

  events(signal: AbortSignal): Promise<AsyncIterable<EngineEvent>> {
    return subscribe(this.#client, this.#installation, this.#deadlines.read, signal);
  }

  async *logs(instanceId: string, selection: LogSelection, signal: AbortSignal): AsyncGenerator<LogLine> {
    const { Id } = await this.#instances.own(instanceId, signal);
    yield* readLogs(this.#client, Id, selection, this.#deadlines.read, signal);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}
