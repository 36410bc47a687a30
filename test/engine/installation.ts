import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { type ImageReference, parseImageReference } from '../../src/domain/image-reference.ts';
import type { Instance } from '../../src/domain/instance.ts';
import type { LogLine } from '../../src/domain/log-line.ts';
import { type DockerEngine, type DockerOptions, openDocker } from '../../src/engine/docker.ts';
import type { AddressRange, InstanceSpec, LogSelection } from '../../src/engine/engine.ts';

/** A signal that never aborts. */
export const NEVER = new AbortController().signal;

/** An image's name, as the API hands it to the engine. */
export function image(text: string): ImageReference {
  const parsed = parseImageReference(text);
  if (!parsed.ok) throw new Error(`${text} ${parsed.problem}`);
  return parsed.image;
}

/** An Engine with an installation of its own. Disposing removes its instances and its network. */
export class Installation implements AsyncDisposable {
  readonly id = randomUUID().replaceAll('-', '');
  readonly engine: DockerEngine;
  #range: AddressRange | undefined;
  #given = 0;

  constructor(dockerHost: string, options: Partial<DockerOptions> = {}) {
    this.engine = openDocker({
      dockerHost,
      installation: this.id,
      dockerConfigFile: '/nonexistent/config.json',
      registryCredentials: {},
      log: pino({ level: 'silent' }),
      ...options,
    });
  }

  async pull(reference: string): Promise<void> {
    await this.engine.pull(image(reference), () => undefined, NEVER);
  }

  /** A small instance of an image, on an address of its own. */
  async spec(reference: string, wish: Partial<InstanceSpec> = {}): Promise<InstanceSpec> {
    this.#range ??= await this.network();
    return {
      instance: randomUUID().slice(0, 8),
      containerId: randomUUID(),
      revision: 1,
      name: 'test',
      image: image(reference),
      cpu: 0.5,
      ramBytes: 64 * 1024 * 1024,
      ephemeralStorageBytes: 100 * 1024 * 1024,
      command: null,
      arguments: null,
      env: {},
      port: 80,
      address: this.#range.first + this.#given++,
      volumes: [],
      createdBy: 'alice',
      gpus: [],
      shmBytes: 64 * 1024 * 1024,
      ...wish,
    };
  }

  /** The installation's network. The engines of the tests share one packet filter, and one that starts takes its chains from the others for a moment. */
  async network(): Promise<AddressRange> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.engine.prepareNetwork(NEVER);
      } catch (error) {
        if (attempt === 5 || !/iptables/i.test(String(error))) throw error;
        await setTimeout(200 * attempt);
      }
    }
  }

  /** Makes and starts an instance of an image that is here; gives its id. */
  async run(reference: string, wish: Partial<InstanceSpec> = {}): Promise<string> {
    const id = await this.engine.create(await this.spec(reference, wish), NEVER);
    await this.engine.start(id, NEVER);
    return id;
  }

  async instance(id: string): Promise<Instance> {
    const found = (await this.engine.instances(null, NEVER)).find((instance) => instance.id === id);
    if (found === undefined) throw new Error(`no instance ${id}`);
    return found;
  }

  /** The lines of an instance's log, by default of all its life. */
  async log(id: string, selection: Partial<LogSelection> = {}): Promise<LogLine[]> {
    const whole = { since: null, tail: null, follow: true, ...selection };
    const lines: LogLine[] = [];
    for await (const line of this.engine.logs(id, whole, NEVER)) lines.push(line);
    return lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { id } of await this.engine.instances(null, NEVER)) await this.engine.remove(id, NEVER);
    await this.engine.removeNetwork(NEVER);
    this.engine[Symbol.dispose]();
  }
}
