import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { AuthConfig } from 'dockerode';
import { dockerAt } from './engine.ts';
import type { AvailableGround } from './ground.ts';
import { REGISTRY_USER } from './registry.ts';
import { claimArchitecture } from './registry-client.ts';
import { busyboxArchive, librariesArchive, nginxArchive, socketsArchive } from './rootfs.ts';

/** What an image's config says beyond its files. */
interface ImageConfig {
  entrypoint: readonly string[];
  env?: Record<string, string | number>;
}

/**
 * Builds small images in the engine, pushes them to the registry under names of this object's alone, and takes them out of
 * the engine again, so that whoever runs one has to pull it. Every function returns the image's reference.
 */
export class Images {
  readonly #docker: Docker;
  readonly #prefix: string;
  readonly #auth: boolean;

  /** With `auth` the images go to the registry that wants a password. */
  constructor(ground: AvailableGround, options: { auth?: boolean } = {}) {
    this.#docker = dockerAt(ground.dockerHost);
    this.#auth = options.auth === true;
    const registry = this.#auth ? ground.authRegistry : ground.registry;
    this.#prefix = `${registry}/test-${randomBytes(4).toString('hex')}`;
  }

  /** A reference into the same registry where nothing is. */
  missing(): string {
    return `${this.#prefix}/missing:1`;
  }

  /** Serves a page with the text on port 80 (or $PORT); prints "web: serving TEXT" to stdout and "web: ready" to stderr. */
  web(tag: string, text: string): Promise<string> {
    return this.#publish(`web:${tag}`, { entrypoint: ['/programs/web'], env: { TEXT: text } });
  }

  /** Like `web`, with the libraries of a program of this machine that something else brings into the container. */
  async webWithLibraries(tag: string, text: string, program: string): Promise<string> {
    const config = { entrypoint: ['/programs/web'], env: { TEXT: text } };
    return await this.#publish(`web-libraries:${tag}`, config, await librariesArchive(program));
  }

  /** Prints "argument …" and "env NAME=value" lines to its log, and serves them as a page on port 80 (or $PORT). */
  echo(tag = '1'): Promise<string> {
    return this.#publish(`echo:${tag}`, { entrypoint: ['/programs/echo'] });
  }

  /** Ends at once with the code, its last line on stderr being `line`. */
  exits(code: number, line: string): Promise<string> {
    return this.#publish(`exits:${code}`, {
      entrypoint: ['/programs/exits'],
      env: { CODE: code, LINE: line },
    });
  }

  /** Runs and never listens. */
  silent(): Promise<string> {
    return this.#publish('silent:1', { entrypoint: ['/programs/silent'] });
  }

  /** Listens on port 80 of 127.0.0.1 alone. */
  loopback(): Promise<string> {
    return this.#publish('loopback:1', { entrypoint: ['/programs/loopback'] });
  }

  /** Writes "out N" and "err N" lines, N from 1; $COUNT (1000), $WIDTH (0 bytes of padding) and $PAUSE (0 seconds) shape them. */
  chatty(): Promise<string> {
    return this.#publish('chatty:1', { entrypoint: ['/programs/chatty'] });
  }

  /** Serves on port 80 and writes $MEGABYTES (1000) to its disk, about ten a second. */
  diskEater(): Promise<string> {
    return this.#publish('disk-eater:1', { entrypoint: ['/programs/disk-eater'] });
  }

  /** Serves on port 80; takes memory without end once /cgi-bin/eat is asked, or at once with EAT=now. */
  memoryEater(): Promise<string> {
    return this.#publish('memory-eater:1', { entrypoint: ['/programs/memory-eater'] });
  }

  /** Its config says it is for another processor than this machine's. From the open registry only. */
  async wrongArchitecture(): Promise<string> {
    const reference = await this.#publish('wrong-architecture:1', { entrypoint: ['/programs/silent'] });
    await claimArchitecture(reference, process.arch === 'arm64' ? 'amd64' : 'arm64');
    return reference;
  }

  /**
   * Serves a page on port 80, an endless event stream with a number every $PAUSE (0.1) seconds at /events, and sends every
   * WebSocket message back.
   */
  async sockets(): Promise<string> {
    return this.#publish('sockets:1', { entrypoint: ['/programs/sockets'] }, await socketsArchive());
  }

  /** The distribution's nginx on port 80 with a page of this text; its access log goes to stdout, its notices to stderr. Needs root. */
  async nginx(tag: string, text: string): Promise<string> {
    const entrypoint = ['/usr/sbin/nginx', '-g', 'daemon off;'];
    return this.#publish(`nginx:${tag}`, { entrypoint }, await nginxArchive(`${text}\n`));
  }

  async #publish(name: string, config: ImageConfig, archive?: Buffer): Promise<string> {
    const reference = `${this.#prefix}/${name}`;
    await importArchive(this.#docker, archive ?? (await busyboxArchive()), reference, config);
    await push(this.#docker, reference, this.#auth);
    await this.#docker.getImage(reference).remove({ noprune: false });
    return reference;
  }
}

async function importArchive(docker: Docker, archive: Buffer, reference: string, config: ImageConfig) {
  const [repo, tag] = splitTag(reference);
  const changes = [
    `ENTRYPOINT ${JSON.stringify(config.entrypoint)}`,
    'EXPOSE 80',
    ...Object.entries(config.env ?? {}).map(([name, value]) => `ENV ${name}=${quoted(value)}`),
  ];
  await followed(docker, await docker.importImage(Readable.from([archive]), { repo, tag, changes }));
}

async function push(docker: Docker, reference: string, auth: boolean): Promise<void> {
  const [, tag] = splitTag(reference);
  const authconfig = auth ? { ...REGISTRY_USER, serveraddress: reference.split('/')[0] } : {};
  await followed(docker, await docker.getImage(reference).push({ tag, authconfig }));
}

/** Pulls an image into an engine, with a registry's name and password where it wants them. */
export async function pull(docker: Docker, reference: string, authconfig?: AuthConfig): Promise<void> {
  await followed(docker, await docker.pull(reference, authconfig === undefined ? {} : { authconfig }));
}

// As a Dockerfile reads it: a dollar would be a variable.
function quoted(value: string | number): string {
  return JSON.stringify(value).replaceAll('$', '\\$');
}

/** Repository and tag of a reference that has both. */
function splitTag(reference: string): [string, string] {
  const colon = reference.lastIndexOf(':');
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}

// Errors of the engine come inside a stream that began with 200.
function followed(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error)));
  });
}
