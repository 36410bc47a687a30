import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import { GenerationProcess } from './generation-process.ts';
import { RestartBackoff } from './restart-backoff.ts';
import type { GatewaySettings } from './settings.ts';

export interface ParentOptions {
  readonly settings: GatewaySettings;
  /** The file that generations are started from, as it is on disk at that moment. */
  readonly entry: string;
  readonly log: Logger;
  /** Called once, when the first generation serves. */
  ready(): Promise<void>;
}

const START_DEADLINE_MS = 15_000;
const HOLD_DEADLINE_MS = 2_000;
const KILL_AFTER_MS = 4_000;

/** Owns the listening socket, which it never accepts on, and sees to it that one generation serves it. */
export class Parent {
  readonly #options: ParentOptions;
  readonly #backoff = new RestartBackoff();
  readonly #stopping = new AbortController();
  readonly #running = new Set<GenerationProcess>();
  #serving: GenerationProcess | undefined;
  #started = 0;
  #reload = Promise.withResolvers<void>();

  constructor(options: ParentOptions) {
    this.#options = options;
  }

  /** Asks for the next generation. */
  reload(): void {
    this.#reload.resolve();
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves after `stop`, when every generation has ended. */
  async run(): Promise<void> {
    const stopped = new Promise<void>((resolve) =>
      this.#stopping.signal.addEventListener('abort', () => resolve()),
    );
    let ready = false;
    while (!this.#stopping.signal.aborted) {
      this.#reload = Promise.withResolvers<void>();
      await Promise.race([this.#replace(), stopped]);
      if (this.#serving && !ready) await this.#options.ready();
      ready ||= this.#serving !== undefined;
      await Promise.race([this.#nextNeeded(), stopped]);
    }
    const deadlineMs = this.#options.settings.stopTimeoutMs + KILL_AFTER_MS;
    await Promise.all([...this.#running].map((generation) => generation.stop(deadlineMs)));
  }

  /** Starts the next generation. Once it serves, the one before retires; where it doesn't come to serve, that one goes on. */
  async #replace(): Promise<void> {
    const { log } = this.#options;
    const before = this.#serving;
    const next = this.#spawn();
    try {
      await next.reported('prepared', START_DEADLINE_MS);
      await this.#handOver(before, next);
    } catch (error) {
      next.kill();
      if (this.#stopping.signal.aborted) return;
      before?.tell('resume');
      const goesOn = before?.running ? 'the one before goes on serving' : 'trying again';
      log.error(
        { generation: next.number, reason: messageOf(error) },
        `a new generation failed to start; ${goesOn}`,
      );
      return;
    }
    this.#serving = next;
    before?.tell('retire');
    log.info({ generation: next.number, generationPid: next.pid }, 'a generation serves');
  }

  /** While the next one loads the table from its file, the one before applies none: no change falls between the two. */
  async #handOver(before: GenerationProcess | undefined, next: GenerationProcess): Promise<void> {
    if (before?.running) {
      const held = before.reported('held', HOLD_DEADLINE_MS);
      before.tell('hold');
      await held.catch((error: unknown) => {
        this.#options.log.warn({ reason: messageOf(error) }, 'the serving generation did not hold still');
      });
    }
    const serving = next.reported('serving', START_DEADLINE_MS);
    next.tell('start');
    await serving;
  }

  #spawn(): GenerationProcess {
    this.#started += 1;
    const generation = new GenerationProcess(this.#options.settings, this.#options.entry, this.#started);
    generation.onReload(() => this.reload());
    this.#running.add(generation);
    void generation.exited.then((reason) => {
      this.#running.delete(generation);
      if (this.#serving !== generation) return;
      this.#serving = undefined;
      if (!this.#stopping.signal.aborted) {
        this.#options.log.error({ generation: generation.number, reason }, 'the serving generation died');
      }
    });
    return generation;
  }

  /** Resolves when another generation is wanted: asked for, or because none serves any more. */
  async #nextNeeded(): Promise<void> {
    const serving = this.#serving;
    if (serving) await Promise.race([serving.exited, this.#reload.promise]);
    if (serving?.running) return;
    const lived = serving ? performance.now() - serving.startedAt : 0;
    await sleep(this.#backoff.next(lived));
  }
}
