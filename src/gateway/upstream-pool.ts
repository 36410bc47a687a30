import { Agent } from 'node:http';

const FREE_SOCKETS_PER_INSTANCE = 256;

/** Keep-alive connections to containers, kept apart by instance: no two share one, even at the same address. */
export class UpstreamPool {
  readonly #agents = new Map<string, Agent>();
  readonly #idleMs: number;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  agent(instance: string): Agent {
    const known = this.#agents.get(instance);
    if (known) return known;
    const agent = new Agent({
      keepAlive: true,
      maxFreeSockets: FREE_SOCKETS_PER_INSTANCE,
      timeout: this.#idleMs,
    });
    this.#agents.set(instance, agent);
    return agent;
  }

  /** Closes the idle connections to instances that are not kept; a busy one closes when its request ends. */
  prune(kept: (instance: string) => boolean): void {
    for (const [instance, agent] of this.#agents) {
      if (kept(instance)) continue;
      this.#agents.delete(instance);
      closeIdle(agent);
    }
  }

  close(): void {
    this.prune(() => false);
  }
}

function closeIdle(agent: Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
}
