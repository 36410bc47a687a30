import type { Logger } from 'pino';
import type { Tokens } from '../auth/tokens.ts';
import type { LogReader } from '../logs/log-reader.ts';
import type { ContainerStore } from '../store/containers.ts';
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
