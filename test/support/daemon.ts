import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { type RunningBerthd, runInProcess, spawnBerthd } from './berthd.ts';
import { dockerAt } from './engine.ts';

const SECRET = 'a secret of the tests that is long enough for HS256';
const WAIT_MS = 60_000;

/** A container as the API tells it; what a test reads of it. */
export interface ContainerJson {
  readonly id: string;
  readonly status: 'deploying' | 'deployed' | 'failed';
  readonly statusReason: string | null;
  readonly urls: readonly string[] | null;
  readonly revision: number;
  readonly servingRevision: number | null;
  readonly [field: string]: unknown;
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** What differs from a plain test daemon. */
export interface TestDaemonOptions {
  readonly dockerHost: string;
  /** More of the environment that berthd is started with. */
  readonly env?: Readonly<Record<string, string>>;
  /** Run berthd as a process of its own, as `npm start` does, so that it can be killed. */
  readonly asProcess?: boolean;
}

/**
 * A real berthd with a data folder, ports and an installation of its own, and the gateway that it starts.
 * Disposing takes all of it away again, in Docker too.
 */
export class TestDaemon implements AsyncDisposable {
  readonly dir: string;
  readonly dockerHost: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #asProcess: boolean;
  #berthd: RunningBerthd | undefined;
  #installation = '';

  private constructor(dir: string, { dockerHost, env = {}, asProcess = false }: TestDaemonOptions) {
    this.dir = dir;
    this.dockerHost = dockerHost;
    this.#env = env;
    this.#asProcess = asProcess;
  }

  static async start(options: TestDaemonOptions): Promise<TestDaemon> {
    const test = new TestDaemon(await mkdtemp(join(tmpdir(), 'berth-daemon-')), options);
    await test.start();
    return test;
  }

  /** What berthd is configured by. */
  get env(): Record<string, string> {
    return {
      BERTH_DATA_DIR: join(this.dir, 'data'),
      BERTH_SOCKET: join(this.dir, 'berth.sock'),
      BERTH_API_LISTEN: '127.0.0.1:0',
      HOME: this.dir,
      BERTH_GATEWAY_LISTEN: '127.0.0.1:0',
      BERTH_DOCKER_HOST: this.dockerHost,
      BERTH_JWT_SECRET: SECRET,
      BERTH_DRAIN_TIMEOUT: '5s',
      BERTH_START_TIMEOUT: '20s',
      BERTH_LOG_LEVEL: 'debug',
      ...this.#env,
    };
  }

  get apiUrl(): string {
    return this.#running.apiUrl;
  }

  get gatewayUrl(): string {
    return this.#running.gatewayUrl;
  }

  get #running(): RunningBerthd {
    if (this.#berthd === undefined) throw new Error('berthd does not run');
    return this.#berthd;
  }

  async start(): Promise<void> {
    const run = this.#asProcess ? spawnBerthd : runInProcess;
    this.#berthd = await run(this.env, join(this.dir, 'berthd.log'));
    this.#installation = this.#berthd.installation;
  }

  /** Stops berthd; containers and gateway go on. SIGKILL only where it is a process. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#berthd?.stop(signal);
    this.#berthd = undefined;
  }

  /** Sends it SIGHUP. */
  async hangUp(): Promise<void> {
    await this.#running.hangUp();
  }

  /** A token as whoever holds the secret makes one. */
  async token(sub = 'ada', roles: readonly string[] = []): Promise<string> {
    return await new SignJWT({ roles: [...roles] })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(sub)
      .setExpirationTime('1h')
      .sign(Buffer.from(SECRET));
  }

  /** Asks the API as a user. */
  async api(path: string, init: RequestInit & { readonly as?: string } = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${await this.token(init.as)}`);
    return await fetch(`${this.apiUrl}${path}`, { ...init, headers });
  }

  /** Creates or updates; throws with the problem's text where that is refused. */
  async send(method: 'POST' | 'PUT', path: string, body: object): Promise<ContainerJson> {
    const headers = { 'content-type': 'application/json' };
    const response = await this.api(path, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return JSON.parse(await response.text());
  }

  async create(body: object): Promise<ContainerJson> {
    return await this.send('POST', '/v1/containers', { name: 'web', ram: '64Mi', ...body });
  }

  async get(id: string): Promise<ContainerJson> {
    return JSON.parse(await (await this.api(`/v1/containers/${id}`)).text());
  }

  /** Waits until the container is as `test` wants it, and gives it. */
  async until(id: string, test: (container: ContainerJson) => boolean): Promise<ContainerJson> {
    let last: ContainerJson | undefined;
    await eventually(
      async () => {
        last = await this.get(id);
        return test(last);
      },
      () => `container ${id} ended as ${last?.status} (${last?.statusReason})`,
    );
    return await this.get(id);
  }

  async settled(id: string): Promise<ContainerJson> {
    return await this.until(id, ({ status }) => status !== 'deploying');
  }

  /** Creates a container and waits until it answers; throws with the reason where it failed. */
  async deploy(body: object): Promise<ContainerJson> {
    const container = await this.settled((await this.create(body)).id);
    if (container.status !== 'deployed') throw new Error(`${container.status}: ${container.statusReason}`);
    return container;
  }

  /** Fetches from a container as a browser would: from the gateway, by its host name. */
  async fetch(container: Pick<ContainerJson, 'urls'>, path = '/'): Promise<Answer> {
    const [host = ''] = container.urls ?? [];
    return await fetchFrom(this.gatewayUrl, host, path);
  }

  /** This installation's Docker containers, running or not; or those of one container. */
  async instances(containerId?: string): Promise<readonly { Id: string; State: string; Image: string }[]> {
    const label = [`berth.installation=${this.#installation}`];
    if (containerId !== undefined) label.push(`berth.container=${containerId}`);
    return await dockerAt(this.dockerHost).listContainers({ all: true, filters: { label } });
  }

  /** Waits until nothing of this installation is left in Docker but its network. */
  async untilNothingRuns(): Promise<void> {
    await eventually(
      async () => (await this.instances()).length === 0,
      async () => JSON.stringify(await this.instances()),
    );
  }

  async log(): Promise<string> {
    return await readFile(join(this.dir, 'berthd.log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#stopGateway();
    await removeFromDocker(this.dockerHost, `berth.installation=${this.#installation}`);
    await rm(this.dir, { recursive: true, force: true });
  }

  async #stopGateway(): Promise<void> {
    const pids = [...(await this.log()).matchAll(/"gatewayPid":([0-9]+).*"started the gateway"/g)].map(
      ([, pid]) => Number(pid),
    );
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        continue;
      }
      await eventually(
        () => !isRunning(pid),
        () => `the gateway ${pid} does not stop`,
      );
    }
  }
}

/** Fetches a path of a host from a gateway, on a connection of its own. */
export function fetchFrom(gatewayUrl: string, host: string, path = '/'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, gatewayUrl), { headers: { host }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Waits until something outside this process holds; there is no event for it. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  otherwise: () => string | Promise<string>,
): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(await otherwise());
    await sleep(25);
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function removeFromDocker(dockerHost: string, label: string): Promise<void> {
  const docker = dockerAt(dockerHost);
  const filters = { label: [label] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const { Volumes } = await docker.listVolumes({ filters });
  await Promise.all(Volumes.map(({ Name }) => docker.getVolume(Name).remove()));
  const networks = await docker.listNetworks({ filters });
  await Promise.all(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
}
