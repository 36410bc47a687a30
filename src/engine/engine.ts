import type { VolumeMount } from '../domain/container-spec.ts';
import type { ImageReference } from '../domain/image-reference.ts';
import type { Instance } from '../domain/instance.ts';
import type { LogLine } from '../domain/log-line.ts';

/** What the engine is and what it has. */
export interface EngineInfo {
  readonly version: string;
  /** The API version in use after negotiation, such as "1.41". */
  readonly apiVersion: string;
  /** As Docker names it in images: "amd64", "arm64". */
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly storageDriver: string;
  /** Who holds `ephemeralStorage`: the storage driver itself, or berth by watching the writable layer. */
  readonly storageLimit: 'driver' | 'watch';
}

/** The addresses that berth may give to instances, as numbers: from `first` to `last`, both included. */
export interface AddressRange {
  /** IPv4 as an unsigned 32-bit number. */
  readonly first: number;
  readonly last: number;
}

/** All that the engine needs to make one instance. */
export interface InstanceSpec {
  /** Unique for ever, and part of the Docker container's name. */
  readonly instance: string;
  readonly containerId: string;
  readonly revision: number;
  readonly name: string;
  readonly image: ImageReference;
  readonly cpu: number;
  readonly ramBytes: number;
  readonly ephemeralStorageBytes: number;
  readonly command: readonly string[] | null;
  readonly arguments: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  /** IPv4 in berth's range, as a number. */
  readonly address: number;
  readonly volumes: readonly VolumeMount[];
  /** Whose volumes these are: names are a user's own, two users' "data" are two volumes. */
  readonly createdBy: string;
  /** The GPUs to hand it, by uuid; it sees no others. */
  readonly gpus: readonly string[];
  /** Size of /dev/shm. */
  readonly shmBytes: number;
}

/** A socket that listens inside an instance. */
export interface Listener {
  readonly port: number;
  /** Bound to loopback alone: nobody outside the instance reaches it. */
  readonly loopbackOnly: boolean;
}

/** Which GPUs an instance was made with. */
export interface GpuUse {
  readonly containerId: string;
  readonly revision: number;
  readonly gpus: readonly string[];
}

/** Something happened to an instance; which, and to whom. */
export interface EngineEvent {
  readonly containerId: string;
  readonly instanceId: string;
  readonly action: 'start' | 'exit' | 'out-of-memory' | 'remove' | 'other';
}

/** Where to begin reading an instance's log. */
export interface LogSelection {
  /** RFC 3339 with nanoseconds, inclusive; null reads from the first line. */
  readonly since: string | null;
  /** How many of the last lines; null means all. */
  readonly tail: number | null;
  /** Go on until the instance ends. */
  readonly follow: boolean;
}

/** How far a pull is: 0–100 where the sizes are known yet, else null. */
export type PullProgress = (percent: number | null) => void;

/**
 * Why the engine would not.
 * - `unavailable`: it does not answer (down, stopped, past the deadline). Later it may.
 * - `gone`: the instance or image is not there.
 * - `address-taken`: another instance has the address.
 * - `image-missing`, `image-denied`, `image-architecture`: no such image, no right to it, built for another machine. Final.
 * - `registry-unreachable`: the registry did not answer or broke off. Later it may.
 * - `no-gpu-access`: the engine can't hand out GPUs: the NVIDIA Container Toolkit is missing. Final.
 * - `cannot-start`: the image or the command can't be run. Final.
 * - `refused`: anything else that it said.
 */
export type EngineErrorKind =
  | 'unavailable'
  | 'gone'
  | 'address-taken'
  | 'image-missing'
  | 'image-denied'
  | 'image-architecture'
  | 'registry-unreachable'
  | 'no-gpu-access'
  | 'cannot-start'
  | 'refused';

/** A refusal or failure of the engine. The message is written for the container's owner and holds no secret. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/**
 * The container engine in berth's terms. Only instances with this installation's label are ever seen or touched.
 * Every call rejects with EngineError, has a deadline of its own, and rejects with its signal's reason as soon as that aborts.
 * Calls that change something are idempotent: what is already so is no error.
 */
export interface Engine {
  info(signal: AbortSignal): Promise<EngineInfo>;
  /** Makes berth's network where it is missing and tells which addresses are free to give. */
  prepareNetwork(signal: AbortSignal): Promise<AddressRange>;

  /**
   * Whether the image is here already, and whether it came from a registry (a local build did not).
   * With containerd's image store, which Engine 29 has from the start, that can't be told: then it is always true.
   */
  findImage(
    image: ImageReference,
    signal: AbortSignal,
  ): Promise<{ readonly fromRegistry: boolean } | undefined>;
  /** Pulls the image; rejects with `image-…` or `registry-unreachable`, also where a pull stalls. */
  pull(image: ImageReference, onProgress: PullProgress, signal: AbortSignal): Promise<void>;

  /** Every instance of this installation, or of one container. */
  instances(containerId: string | null, signal: AbortSignal): Promise<readonly Instance[]>;
  /** Makes an instance without starting it; gives its id. */
  create(spec: InstanceSpec, signal: AbortSignal): Promise<string>;
  start(instanceId: string, signal: AbortSignal): Promise<void>;
  /** Sends the image's stop signal, and kills after `graceMs`. */
  stop(instanceId: string, graceMs: number, signal: AbortSignal): Promise<void>;
  /** Kills where needed and removes, with its anonymous volumes. */
  remove(instanceId: string, signal: AbortSignal): Promise<void>;

  /** What listens inside the instance; undefined where that can't be seen. */
  listeners(instanceId: string, signal: AbortSignal): Promise<readonly Listener[] | undefined>;
  /** The GPUs of each instance that was made with some, by uuid; by instance id. */
  gpuUse(signal: AbortSignal): Promise<ReadonlyMap<string, GpuUse>>;
  /**
   * Why the instance has lost its GPUs, as nvidia-smi inside it says; undefined where it has not, where it has no
   * nvidia-smi, or where that gives no clear answer.
   */
  gpuFault(instanceId: string, signal: AbortSignal): Promise<string | undefined>;
  /** Bytes in each instance's writable layer, by instance id. */
  storageUse(signal: AbortSignal): Promise<ReadonlyMap<string, number>>;

  /**
   * What happens to instances from now on. Resolves once subscribed, so that nothing is missed by whoever looks around
   * after that; the iteration then ends by rejecting where the engine goes away. An event may come twice.
   */
  events(signal: AbortSignal): Promise<AsyncIterable<EngineEvent>>;
  /** The lines of an instance's log, read no faster than they are taken; leaving the loop closes the engine's stream. */
  logs(instanceId: string, selection: LogSelection, signal: AbortSignal): AsyncIterable<LogLine>;
}
