import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import type { Route, Routes } from '../domain/route.ts';
import { Conditions } from './conditions.ts';
import { DesiredRoutes } from './desired-routes.ts';
import { LinkConnection } from './link-connection.ts';
import type { Hello } from './protocol.ts';

/** Who serves the traffic now. */
export interface GatewayInfo extends Pick<Hello, 'generation' | 'pid' | 'listen' | 'version'> {}

/** berthd's end of the link to the gateway: it keeps the gateway's table as wanted, over restarts of either. */
export interface GatewayLink extends Routes, AsyncDisposable {
  /** Resolves when a gateway has said hello and its table was adopted; rejects when the signal aborts first. */
  ready(signal: AbortSignal): Promise<void>;
  /** The generation that serves; undefined while none is connected. */
  info(): GatewayInfo | undefined;
  /** Asks for a new generation and resolves when one has taken over; rejects when the signal aborts first. */
  reload(signal: AbortSignal): Promise<void>;
}

export interface LinkOptions {
  readonly socketPath: string;
  readonly log: Logger;
}

const FIRST_RETRY_MS = 25;
const LONGEST_RETRY_MS = 1_000;

/** Connects in the background, for as long as it is open. */
export function openGatewayLink(options: LinkOptions): GatewayLink {
  return new Link(options);
}

class Link implements GatewayLink {
  readonly #options: LinkOptions;
  readonly #desired = new DesiredRoutes();
  readonly #conditions = new Conditions();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  readonly #retiring = new Set<LinkConnection>();
  readonly #following = new Set<Promise<void>>();
  #live: LinkConnection | undefined;
  #push: NodeJS.Immediate | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#running = this.#keepConnected();
  }

  publish(route: Route, signal: AbortSignal): Promise<void> {
    return this.#set(route.containerId, route, signal);
  }

  withdraw(containerId: string, signal: AbortSignal): Promise<void> {
    return this.#set(containerId, undefined, signal);
  }

  drained(instance: string, signal: AbortSignal): Promise<void> {
    return this.#conditions.met(
      () => !this.#desired.has(instance) && this.#isApplied() && this.#isIdle(instance),
      signal,
    );
  }

  current(containerId: string): Route | undefined {
    return this.#desired.get(containerId);
  }

  containerIds(): readonly string[] {
    return this.#desired.containerIds();
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#conditions.met(() => this.#live !== undefined, signal);
  }

  info(): GatewayInfo | undefined {
    return this.#live?.hello;
  }

  async reload(signal: AbortSignal): Promise<void> {
    await this.ready(signal);
    const before = this.#live;
    before?.requestReload();
    await this.#conditions.met(() => this.#live !== undefined && this.#live !== before, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the link to the gateway was closed'));
    clearImmediate(this.#push);
    for (const connection of this.#connections()) connection.close();
    await Promise.all([this.#running, ...this.#following]);
    this.#conditions.fail(new Error('the link to the gateway was closed'));
  }

  /** Every change wakes those who wait for the table to be applied, so a wanted version need not be remembered. */
  async #set(containerId: string, route: Route | undefined, signal: AbortSignal): Promise<void> {
    this.#desired.set(containerId, route);
    await this.#adopted(signal);
    const { version } = this.#desired;
    this.#pushSoon();
    await this.#conditions.met(() => this.#isApplied(version), signal);
  }

  #adopted(signal: AbortSignal): Promise<void> {
    return this.#conditions.met(() => this.#desired.adopted, signal);
  }

  /** Changes of one turn of the event loop go out as one table. */
  #pushSoon(): void {
    this.#push ??= setImmediate(() => {
      this.#push = undefined;
      this.#pushNow();
    });
  }

  #pushNow(): void {
    if (!this.#desired.adopted) return;
    for (const connection of this.#connections()) connection.push(this.#desired.table);
  }

  #connections(): LinkConnection[] {
    return [...this.#retiring, ...(this.#live ? [this.#live] : [])];
  }

  /** Whether the serving generation, and each that still has requests open, uses this version or a later one. */
  #isApplied(version = this.#desired.version): boolean {
    return (
      this.#live !== undefined && this.#connections().every((connection) => connection.applied >= version)
    );
  }

  #isIdle(instance: string): boolean {
    return this.#connections().every((connection) => connection.inFlight(instance) === 0);
  }

  /** Connects, for ever: to the gateway, to the next one when that is gone, and to the next generation beside the old one. */
  async #keepConnected(): Promise<void> {
    const { signal } = this.#closing;
    let wait = FIRST_RETRY_MS;
    let told = false;
    while (!signal.aborted) {
      try {
        const connection = await LinkConnection.open(this.#options.socketPath, signal);
        wait = FIRST_RETRY_MS;
        told = false;
        await this.#serve(connection);
      } catch (error) {
        // The first tries of a gateway that is just starting are nobody's concern.
        if (!told && wait >= LONGEST_RETRY_MS && !signal.aborted) {
          this.#options.log.warn({ reason: messageOf(error) }, 'the gateway cannot be reached; trying on');
          told = true;
        }
      }
      await sleep(wait, undefined, { signal }).catch(() => undefined);
      wait = Math.min(wait * 2, LONGEST_RETRY_MS);
    }
  }

  /** Resolves when the connection has ended, or is only kept for its activity. */
  async #serve(connection: LinkConnection): Promise<void> {
    this.#adopt(connection);
    const replaced = Promise.withResolvers<void>();
    const followed = this.#follow(connection, replaced.resolve);
    this.#following.add(followed);
    void followed.then(() => this.#following.delete(followed));
    await Promise.race([followed, replaced.promise]);
  }

  #adopt(connection: LinkConnection): void {
    const { table, generation, pid: gatewayPid, version } = connection.hello;
    if (!this.#desired.adopted) {
      connection.applied = table.version;
      this.#desired.adopt(table);
    }
    this.#live = connection;
    this.#options.log.info(
      { generation, gatewayPid, version, table: table.version },
      'connected to the gateway',
    );
    this.#pushNow();
    this.#conditions.check();
  }

  async #follow(connection: LinkConnection, replaced: () => void): Promise<void> {
    try {
      await connection.follow(() => this.#heard(connection, replaced));
    } catch (error) {
      if (!this.#closing.signal.aborted) {
        this.#options.log.warn({ reason: messageOf(error) }, 'the link to the gateway broke');
      }
    }
    this.#retiring.delete(connection);
    if (this.#live === connection) this.#live = undefined;
    this.#conditions.check();
  }

  #heard(connection: LinkConnection, replaced: () => void): void {
    if (connection.retiring && this.#live === connection) {
      this.#live = undefined;
      this.#retiring.add(connection);
      replaced();
    }
    connection.push(this.#desired.table);
    this.#conditions.check();
  }
}
