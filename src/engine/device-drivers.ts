import type { Logger } from 'pino';
import { isAtLeast } from './api-version.ts';
import type { Deadlines } from './deadlines.ts';
import { cdiName, type DeviceDriver } from './device-requests.ts';
import { InfoAnswer } from './docker-answers.ts';
import type { DockerClient } from './docker-client.ts';
import { EngineError } from './engine.ts';
import { isUnknownToCdi } from './gpu-refusal.ts';

/** From this API version on (Engine 28) the engine says which devices CDI knows. */
const DISCOVERY = '1.50';

/**
 * Chooses the device driver for GPUs: CDI where the engine has it, since containers keep such devices over a
 * `systemctl daemon-reload`, the nvidia driver otherwise.
 */
export class DeviceDrivers {
  readonly #client: DockerClient;
  readonly #deadlines: Deadlines;
  readonly #log: Logger;
  /** The client's count of outages when CDI turned out not to know the GPUs. */
  #cdiFailed: number | undefined;

  constructor(client: DockerClient, deadlines: Deadlines, log: Logger) {
    this.#client = client;
    this.#deadlines = deadlines;
    this.#log = log;
  }

  /** The driver by which an instance gets these GPUs. The engine is asked each time, where there are any: CDI's specs come and go. */
  async choose(gpus: readonly string[], signal: AbortSignal): Promise<DeviceDriver> {
    if (gpus.length === 0) return 'nvidia';
    const request = { path: '/info', deadline: this.#deadlines.info, signal };
    const info = await this.#client.ask(request, InfoAnswer);
    const { apiVersion } = await this.#client.session(signal);
    const driver = deviceDriverFor(gpus, info, apiVersion);
    if (driver !== 'cdi-perhaps') return driver;
    return this.#cdiFailed === this.#client.outages ? 'nvidia' : 'cdi';
  }

  /** Learns from how a start fails: from then on, until the engine was away, CDI isn't tried on suspicion. */
  async learn(start: () => Promise<void>): Promise<void> {
    try {
      await start();
    } catch (error) {
      if (error instanceof EngineError && isUnknownToCdi(error)) {
        this.#cdiFailed = this.#client.outages;
        this.#log.info('CDI does not know the GPUs: the next instance gets them through the nvidia driver');
      }
      throw error;
    }
  }
}

/** The driver for these GPUs, by what `GET /info` says; `cdi-perhaps` where CDI is on and the engine doesn't tell what it knows. */
export function deviceDriverFor(
  gpus: readonly string[],
  { CDISpecDirs, DiscoveredDevices }: Pick<InfoAnswer, 'CDISpecDirs' | 'DiscoveredDevices'>,
  apiVersion: string,
): DeviceDriver | 'cdi-perhaps' {
  if ((CDISpecDirs ?? []).length === 0) return 'nvidia';
  if (!isAtLeast(apiVersion, DISCOVERY)) return 'cdi-perhaps';
  const known = new Set(
    (DiscoveredDevices ?? []).filter(({ Source }) => Source === 'cdi').map(({ ID }) => ID),
  );
  return gpus.every((uuid) => known.has(cdiName(uuid))) ? 'cdi' : 'nvidia';
}
