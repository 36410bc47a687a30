import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { Activity, type InstanceActivity } from './activity.ts';
import { type Destination, dispatch } from './dispatch.ts';
import { Drain, type DrainKind } from './drain.ts';
import { forward } from './forward.ts';
import type { Limits } from './limits.ts';
import { headOf } from './node-http.ts';
import { brokenBackend } from './refusal.ts';
import { refuse } from './refuse.ts';
import { emptyTable, RouteTable, type Table } from './route-table.ts';
import { TrafficServer } from './traffic-server.ts';
import { forwardUpgrade } from './upgrade.ts';
import { UpstreamPool } from './upstream-pool.ts';

export interface TrafficOptions {
  readonly limits: Limits;
  readonly log: Logger;
  /** Hears of each beginning and end of a request at an instance. */
  activity(instance: string, activity: InstanceActivity): void;
  /** Somebody asked for a container that has no instance. */
  wake(containerId: string): void;
}

/** The traffic of one process: requests in, by the table it was last given, to containers. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #pool: UpstreamPool;
  readonly #activity: Activity;
  readonly #server: TrafficServer;
  readonly #drain: Drain;
  #table = new RouteTable(emptyTable);

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#pool = new UpstreamPool(options.limits.upstreamIdleMs);
    this.#activity = new Activity(options.activity);
    this.#server = new TrafficServer(options.limits, {
      request: (request, response) => this.#request(request, response),
      upgrade: (request, response, socket, head) => this.#upgrade(request, response, socket, head),
      loadChanged: () => this.#drain.changed(),
    });
    this.#drain = new Drain(() => this.#server);
  }

  /** Serves an inherited listening socket. */
  serve(fd: number): Promise<{ host: string; port: number }> {
    return this.#server.serve(fd);
  }

  /** Replaces the table. Requests under way are not touched. */
  use(table: Table): void {
    this.#table = new RouteTable(table);
    const kept = (instance: string): boolean => this.#table.has(instance);
    this.#pool.prune(kept);
    this.#activity.prune(kept);
  }

  /** Takes no new connection, lets the open ones end, and cuts what is left at the deadline. */
  async drain(kind: DrainKind, deadlineMs: number): Promise<void> {
    if (!this.#drain.begun) this.#server.stopAccepting();
    await this.#drain.begin(kind, deadlineMs);
    this.#server.destroy();
    this.#pool.close();
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    if (this.#drain.begun) response.shouldKeepAlive = false;
    const destination = this.#admit(request, response);
    if (!destination) return;
    response.once('close', this.#activity.begin(destination.upstream.instance));
    this.#guard(request, response, () => {
      forward({ request, response, destination }, this.#pool, this.#options.limits);
    });
  }

  #upgrade(request: IncomingMessage, response: ServerResponse, socket: Socket, head: Buffer): void {
    const destination = this.#admit(request, response);
    if (!destination) return;
    socket.once('close', this.#activity.begin(destination.upstream.instance));
    this.#guard(request, response, () => {
      forwardUpgrade({ request, response, socket, head, destination }, this.#options.limits);
    });
  }

  /** Where a request goes; undefined where it has been answered here. */
  #admit(request: IncomingMessage, response: ServerResponse): Destination | undefined {
    const decision = dispatch(headOf(request), this.#table, this.#options.limits, (instance) =>
      this.#activity.of(instance),
    );
    if (decision.kind === 'asleep') this.#options.wake(decision.route.containerId);
    if (decision.kind === 'forward') return decision;
    refuse(request, response, decision.refusal);
    return undefined;
  }

  /** One request that node can't express must not end the process with everybody else's in it. */
  #guard(request: IncomingMessage, response: ServerResponse, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#options.log.error({ err: error }, 'a request could not be forwarded');
      refuse(request, response, brokenBackend);
    }
  }
}
