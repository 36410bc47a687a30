import type { Logger } from 'pino';
import type { Tokens } from '../auth/tokens.ts';
import type { GpuInventory } from '../domain/gpu.ts';
import type { LogReader } from '../logs/log-reader.ts';
import type { ContainerStore } from '../store/containers.ts';
import type { EventStore } from '../store/events.ts';
import type { UserStore } from '../store/users.ts';

/** What the API is built from. */
export interface ApiDeps {
  readonly log: Logger;
  /** Suffix of generated host names. */
  readonly domain: string;
  /** The port that container traffic comes in at; 80 and 443 are not shown in `urls`. */
  gatewayPort(): number;
  readonly containers: ContainerStore;
  readonly users: UserStore;
  readonly reconciler: { kick(containerId: string): void };
  /** What this machine has; undefined while the engine was never reached: nothing is refused for its size then. */
  machine(): Machine | undefined;
  readonly gpus: GpuSight;
  /** Who has which GPU, and who waits for it. */
  gpuClaims(): Promise<GpuClaims>;
  readonly events: EventStore;
  readonly tokens: Tokens;
  readonly logs: LogReader;
  /** Host names that the API answers to over TCP besides IP addresses, `localhost` and `*.localhost`. */
  readonly allowedHosts: readonly string[];
  readonly version: string;
  now(): Date;
  newId(): string;
}

/** What a container may have at most. */
export interface Machine {
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** What is known of the machine's GPUs. None of it rejects: that the driver fails is part of the inventory. */
export interface GpuSight {
  /** As seen last; empty before the first look. */
  latest(): GpuInventory;
  /** As seen last; waits for the first look, which ends by its own deadline. */
  detected(): Promise<GpuInventory>;
  /** As seen a moment ago: looks again where the last look is older than that. */
  fresh(): Promise<GpuInventory>;
}

/** Who has each GPU and who waits for it, by its uuid: ids of containers. */
export interface GpuClaims {
  /** A deleted container too, until its last process is gone. */
  holders(uuid: string): readonly string[];
  /** In the order in which they will get it. */
  waiting(uuid: string): readonly string[];
}
