import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Docker from 'dockerode';
import { createBridge } from './bridge.ts';
import { bridgeName, makeRunFolder, removeRun } from './leftovers.ts';
import { SEARCH_PATH } from './packages.ts';

const START_DEADLINE = 60_000;
const STOP_DEADLINE = 20_000;

/** What a test may want different about its engine. */
export interface EngineOptions {
  /** daemon.json. */
  config?: Record<string, unknown>;
  /** More arguments for dockerd. */
  args?: readonly string[];
  /** Environment beside this process's own; PATH among it. */
  env?: Record<string, string>;
  /** Puts more into the engine's folder before its first start; what it returns is added to `args` and `env`. */
  prepare?: (folder: string) => Promise<Pick<EngineOptions, 'args' | 'env'>>;
  /** A folder with another distribution's root file system, whose dockerd is run in place of this machine's. */
  root?: string;
}

/** A Docker Engine of the tests' own: data, socket and bridge are its alone. Disposing removes every trace of it. */
export interface Engine extends AsyncDisposable {
  /** Path of the API's Unix socket. */
  readonly socket: string;
  /** The same as DOCKER_HOST writes it. */
  readonly dockerHost: string;
  /** A client of the API. */
  readonly docker: Docker;
  /** The process id of dockerd, of the latest start. */
  readonly pid: number;
  /** Its folder: data/, exec/, dockerd.log. */
  readonly folder: string;
  /** Sends dockerd a signal; where that ends it, resolves when it has exited. Containers are left as they are. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts dockerd again on the same data and socket after kill; resolves when it answers. */
  restart(): Promise<void>;
}

/** Starts an engine of its own, beside any other on the machine; resolves when it answers. Needs root. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const folder = await makeRunFolder();
  const prepared = await options.prepare?.(folder);
  const engine = new PrivateEngine(folder, {
    ...options,
    args: [...(options.args ?? []), ...(prepared?.args ?? [])],
    env: { ...options.env, ...prepared?.env },
  });
  try {
    await createBridge(bridgeName(folder));
    await writeFile(join(folder, 'daemon.json'), JSON.stringify(options.config ?? {}));
    await engine.restart();
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  return engine;
}

/** A client for an engine named as DOCKER_HOST writes it: unix:///path or tcp://host:port. */
export function dockerAt(dockerHost: string): Docker {
  const url = new URL(dockerHost);
  if (url.protocol === 'unix:') return new Docker({ socketPath: url.pathname });
  return new Docker({ protocol: 'http', host: url.hostname, port: url.port || 2375 });
}

class PrivateEngine implements Engine {
  readonly folder: string;
  readonly socket: string;
  readonly docker: Docker;
  readonly #options: EngineOptions;
  #process: ChildProcess | undefined;

  constructor(folder: string, options: EngineOptions) {
    this.folder = folder;
    this.socket = join(folder, 'e.sock');
    this.docker = new Docker({ socketPath: this.socket });
    this.#options = options;
  }

  get dockerHost(): string {
    return `unix://${this.socket}`;
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('the engine is not running');
    return this.#process.pid;
  }

  async restart(): Promise<void> {
    await rm(this.socket, { force: true });
    // A killed engine's containerd dies with it; where process 1 reaps late, dockerd would take the dead one for alive.
    await rm(join(this.folder, 'exec/containerd/containerd.pid'), { force: true });
    for (let left = 3; ; left--) {
      this.#process = launch(this.folder, this.#options);
      try {
        return await this.#ready(this.#process);
      } catch (error) {
        // Every engine on a machine writes the same iptables chains: one that starts meanwhile takes them from this one.
        if (left === 0 || !String(error).includes('iptables failed')) throw error;
      }
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || hasExited(child)) return;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_DEADLINE) });
    child.kill(signal);
    if (['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT'].includes(signal)) await exited;
    else exited.catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process !== undefined && !hasExited(this.#process)) {
      this.#process.kill('SIGCONT');
      await removeEverything(this.docker).catch((error) => console.log(`${this.folder}: ${error}`));
      await this.kill('SIGTERM').catch(() => this.kill('SIGKILL'));
    }
    await removeRun(this.folder);
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + START_DEADLINE;
    while (!hasExited(child) && Date.now() < deadline) {
      if (await answers(this.docker)) return;
      await setTimeout(25);
    }
    const log = await readFile(join(this.folder, 'dockerd.log'), 'utf8');
    throw new Error(`the engine did not start:\n${log.split('\n').slice(-10).join('\n')}`);
  }
}

/** Whether an engine answers now. */
export function answers(docker: Docker): Promise<boolean> {
  return docker.ping().then(
    () => true,
    () => false,
  );
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function launch(folder: string, options: EngineOptions): ChildProcess {
  const log = openSync(join(folder, 'dockerd.log'), 'a');
  const command = [...enterRoot(folder, options.root), 'dockerd', ...daemonArguments(folder, options)];
  // Detached: a Ctrl-C at the terminal is for the tests, which then stop the engine in order.
  const child = spawn('env', command, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, PATH: SEARCH_PATH.join(delimiter), ...options.env },
  });
  closeSync(log);
  return child;
}

function daemonArguments(folder: string, options: EngineOptions): string[] {
  return [
    ...['--config-file', join(folder, 'daemon.json')],
    ...['--data-root', join(folder, 'data')],
    ...['--exec-root', join(folder, 'exec')],
    ...['--pidfile', join(folder, 'dockerd.pid')],
    ...['--host', `unix://${join(folder, 'e.sock')}`],
    ...['--bridge', bridgeName(folder)],
    ...(options.args ?? []),
  ];
}

// A chroot is not enough: `docker exec` would land in the host's root. The run's folder is bound to the same path inside.
const ENTER_ROOT = `
root=$1 folder=$2; shift 2
mount --bind "$root" "$root"
mount -t tmpfs tmpfs "$root/var/tmp"
mkdir -p "$root$folder" "$root/.old"
mount --bind "$folder" "$root$folder"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
cd "$root"
pivot_root . .old
umount -l /.old
exec "$@"
`;

function enterRoot(folder: string, root: string | undefined): string[] {
  if (root === undefined) return [];
  return ['unshare', '-m', '--propagation', 'private', 'sh', '-ec', ENTER_ROOT, 'enter', root, folder];
}

/** Removes all containers, networks and volumes of an engine. */
async function removeEverything(docker: Docker): Promise<void> {
  const containers = await docker.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  await docker.pruneNetworks();
}
