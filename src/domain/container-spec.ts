import type { Duration } from './duration.ts';
import type { ImageReference } from './image-reference.ts';
import type { Quantity } from './quantity.ts';

/** A named volume and where it is mounted. It is never a path of the host. */
export interface VolumeMount {
  readonly name: string;
  /** Absolute, inside the container. */
  readonly path: string;
}

/** What a client wants to run: one revision's content, complete and valid. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: ImageReference;
  /** Cores; fractions allowed. */
  readonly cpu: number;
  readonly ram: Quantity;
  /** How many GPUs. */
  readonly gpu: number;
  readonly ephemeralStorage: Quantity;
  /** Replaces the image's entrypoint; null keeps it. */
  readonly command: readonly string[] | null;
  /** Replaces the image's cmd; null keeps it. */
  readonly arguments: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  /** 1–65535; HTTP is spoken on it. */
  readonly port: number;
  /** Catalogue codes or names, or names of cards, as the client wrote them; null when never asked for. */
  readonly desiredGPUs: readonly string[] | null;
  /** How much of each card's memory is reserved, sharing the card; null takes cards whole. */
  readonly gpuMemory: Quantity | null;
  /** Size of /dev/shm; null leaves it to `shmSizeOf`. */
  readonly shmSize: Quantity | null;
  /** Names besides the generated one. */
  readonly hostnames: readonly string[];
  /** A path that must answer 2xx or 3xx before traffic; null means that a TCP connect is enough. */
  readonly healthPath: string | null;
  /** How long the container may take to begin an answer. */
  readonly requestTimeout: Duration;
  readonly volumes: readonly VolumeMount[];
}

/** The size of /dev/shm where the spec names none: Docker's own, or with a GPU what PyTorch's data loaders need. */
const SHM = { text: '64Mi', bytes: 64 * 1024 ** 2 } as const satisfies Quantity;
const SHM_WITH_GPU = { text: '1Gi', bytes: 1024 ** 3 } as const satisfies Quantity;

/** How large /dev/shm is. */
export function shmSizeOf({ shmSize, gpu }: Pick<ContainerSpec, 'shmSize' | 'gpu'>): Quantity {
  return shmSize ?? (gpu > 0 ? SHM_WITH_GPU : SHM);
}

/** Docker refuses a container with less memory than this. */
export const MIN_RAM_BYTES = 6 * 1024 * 1024;
