import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createApi } from '../../src/api/app.ts';
import { serveApi } from '../../src/api/serve.ts';
import { createTokens } from '../../src/auth/tokens.ts';
import type { ContainerSpec } from '../../src/domain/container-spec.ts';
import { LogReader } from '../../src/logs/log-reader.ts';
import { Changes } from '../../src/reconcile/changes.ts';
import { ContainerStore } from '../../src/store/containers.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { EventStore } from '../../src/store/events.ts';
import { UserStore } from '../../src/store/users.ts';
import { Installation, image, NEVER } from '../engine/installation.ts';
import { Relay } from '../engine/relay.ts';
import { spec } from '../reconcile/situations.ts';
import { NO_CLAIMS, NO_GPUS, sightOf } from '../support/gpu-sight.ts';
import type { AvailableGround } from '../support/ground.ts';
import { Images } from '../support/images.ts';
import { StreamClient } from './stream-client.ts';

/** The API with a real engine behind it, and in the reconciler's place a test that starts, stops and swaps instances. */
export class LogServer implements AsyncDisposable {
  /** Between the API and its engine. */
  readonly relay: Relay;
  readonly berth: Installation;
  readonly containers: ContainerStore;
  readonly events: EventStore;
  readonly changes = new Changes();
  /** host:port of the API. */
  address = '';
  /** The same API on a Unix socket, whose callers act as ADMIN. */
  socket = '';
  readonly #image: string;
  readonly #secret = randomBytes(32).toString('base64');
  readonly #tokens = createTokens(
    { kind: 'secret', secret: this.#secret },
    { issuer: null, audience: null },
    () => new Date(),
    () => undefined,
  );
  readonly #own: AsyncDisposableStack;

  private constructor(
    relay: Relay,
    berth: Installation,
    database: Database,
    chatty: string,
    own: AsyncDisposableStack,
  ) {
    this.relay = relay;
    this.berth = berth;
    this.events = new EventStore(database, Date.now);
    this.containers = new ContainerStore(database, this.events);
    this.#image = chatty;
    this.#own = own;
  }

  static async start(ground: AvailableGround): Promise<LogServer> {
    const own = new AsyncDisposableStack();
    const relay = own.use(await Relay.start(ground.dockerHost));
    const berth = own.use(new Installation(relay.dockerHost));
    const chatty = await new Images(ground).chatty();
    await berth.pull(chatty);
    const folder = await mkdtemp(join(tmpdir(), 'berth-logs-'));
    own.defer(() => rm(folder, { recursive: true }));
    const database = openDatabase(folder);
    own.defer(() => database.destroy());
    const server = new LogServer(relay, berth, database, chatty, own);
    await server.#serve(new UserStore(database), join(folder, 'api.sock'));
    return server;
  }

  /** A container of alice's that nothing runs of yet; gives its id. */
  async container(createdBy = 'alice'): Promise<string> {
    const id = randomUUID();
    await this.containers.create({
      id,
      createdBy,
      spec: this.#spec(),
      hostnames: [`${id}.localhost`],
      now: new Date(),
    });
    return id;
  }

  /** Another revision of it. */
  async update(containerId: string): Promise<void> {
    await this.containers.update(
      containerId,
      () => ({ spec: this.#spec(), hostnames: [`${containerId}.localhost`] }),
      new Date(),
    );
    this.changes.notify(containerId);
  }

  /** Makes and starts an instance that runs a shell script; gives its id. */
  async run(containerId: string, script: string, revision = 1): Promise<string> {
    return await this.berth.run(this.#image, {
      containerId,
      revision,
      command: ['/bin/sh', '-c', script],
      cpu: 1,
    });
  }

  /** A container that serves what this script runs. */
  async running(script: string): Promise<{ id: string; instance: string }> {
    const id = await this.container();
    const instance = await this.run(id, script);
    await this.serving(id, 1);
    return { id, instance };
  }

  /** Resolves once an instance of this container has ended. */
  async exited(instance: string): Promise<void> {
    for await (const _ of this.berth.engine.logs(instance, { since: null, tail: 0, follow: true }, NEVER));
  }

  async serving(containerId: string, revision: number): Promise<void> {
    await this.containers.markServing(containerId, revision, [`${containerId}.localhost`]);
    this.changes.notify(containerId);
  }

  async start(instance: string): Promise<void> {
    await this.berth.engine.start(instance, NEVER);
  }

  async stop(instance: string): Promise<void> {
    await this.berth.engine.stop(instance, 10_000, NEVER);
  }

  async remove(instance: string): Promise<void> {
    await this.berth.engine.remove(instance, NEVER);
  }

  async delete(containerId: string): Promise<void> {
    await this.containers.delete(containerId);
    this.changes.notify(containerId);
  }

  /** Headers of a user's request. */
  async as(sub: string, ...roles: string[]): Promise<Record<string, string>> {
    const issued = await this.#tokens.issue?.({ sub, roles, ttlMs: 3_600_000 });
    return { Authorization: `Bearer ${issued?.token}` };
  }

  /** Asks for a log, by default as alice; `path` is what follows /v1/containers/. */
  async ask(
    path: string,
    options: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const headers = { ...(await this.as('alice')), ...options.headers };
    return await fetch(`http://${this.address}/v1/containers/${path}`, { ...options, headers });
  }

  /** A log stream that was answered with 200. */
  async stream(
    id: string,
    query: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<StreamClient> {
    const response = await this.ask(`${id}/logs?${new URLSearchParams(query)}`, { headers });
    if (response.status !== 200 || response.body === null)
      throw new Error(`${response.status}: ${await response.text()}`);
    return new StreamClient(response.body);
  }

  /** A log stream over the Unix socket, whose buffers are small; nothing of its body is read yet. */
  async raw(id: string, query: string): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request({ socketPath: this.socket, path: `/v1/containers/${id}/logs?${query}` }, resolve)
      .on('error', reject)
      .end();
    return await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own.disposeAsync();
  }

  async #serve(users: UserStore, socketPath: string): Promise<void> {
    const api = createApi({
      log: pino({ level: 'silent' }),
      domain: 'localhost',
      gatewayPort: () => 80,
      containers: this.containers,
      users,
      reconciler: { kick: () => undefined },
      events: this.events,
      gpus: sightOf(NO_GPUS),
      gpuClaims: async () => NO_CLAIMS,
      machine: () => undefined,
      tokens: this.#tokens,
      logs: new LogReader({ engine: this.berth.engine, containers: this.containers, changes: this.changes }),
      allowedHosts: [],
      version: '0.0.0',
      now: () => new Date(),
      newId: randomUUID,
    });
    this.address = this.#own.use(await serveApi(api, { host: '127.0.0.1', port: 0 }, 'token')).address;
    this.socket = this.#own.use(await serveApi(api, { socketPath }, 'local')).address;
    const end = new AbortController();
    const events = await this.berth.engine.events(end.signal);
    const told = this.#tell(events, end.signal);
    this.#own.defer(async () => {
      end.abort();
      await told;
    });
  }

  async #tell(events: AsyncIterable<{ readonly containerId: string }>, signal: AbortSignal): Promise<void> {
    try {
      for await (const { containerId } of events) this.changes.notify(containerId);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #spec(): ContainerSpec {
    return { ...spec(), image: image(this.#image) };
  }
}
