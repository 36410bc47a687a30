import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import type { Logger } from 'pino';
import { z } from 'zod';
import { messageOf } from '../domain/errors.ts';

/** A name and a password for a registry. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/** What the engine takes as X-Registry-Auth. */
export type RegistryAuth =
  | { readonly username: string; readonly password: string; readonly serveraddress: string }
  | { readonly identitytoken: string; readonly serveraddress: string };

/** Under what name docker.io stands in Docker's config file. */
const DOCKER_IO_KEY = 'https://index.docker.io/v1/';

const ConfigFile = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .default({}),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).default({}),
});
type ConfigFile = z.infer<typeof ConfigFile>;

const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/** Finds credentials for a registry: berth's own first, then those of the Docker config file, read anew each time. */
export class CredentialStore {
  readonly #configFile: string;
  readonly #own: ReadonlyMap<string, RegistryCredentials>;
  readonly #helperDeadline: number;
  readonly #log: Logger;

  constructor(
    configFile: string,
    own: Readonly<Record<string, RegistryCredentials>>,
    helperDeadline: number,
    log: Logger,
  ) {
    this.#configFile = configFile;
    this.#own = new Map(
      Object.entries(own).map(([registry, credentials]) => [hostOf(registry), credentials]),
    );
    this.#helperDeadline = helperDeadline;
    this.#log = log;
  }

  /** Undefined where the registry is to be asked without a name. Never rejects: what can't be read is logged. */
  async find(registry: string, signal: AbortSignal): Promise<RegistryAuth | undefined> {
    const own = this.#own.get(hostOf(registry));
    const serveraddress = registry === 'docker.io' ? DOCKER_IO_KEY : registry;
    if (own !== undefined) return { ...own, serveraddress };
    const config = await this.#readConfig();
    if (config === undefined) return undefined;
    const helper = lookUp(config.credHelpers, registry) ?? config.credsStore;
    const helped = helper === undefined ? undefined : await this.#askHelper(helper, serveraddress, signal);
    return helped ?? authOf(config, registry, serveraddress);
  }

  async #readConfig(): Promise<ConfigFile | undefined> {
    try {
      return ConfigFile.parse(JSON.parse(await readFile(this.#configFile, 'utf8')));
    } catch (error) {
      // The text of a JSON error quotes the file, which holds passwords.
      const code =
        error instanceof Error && 'code' in error ? error.code : 'not in the form of a Docker config file';
      if (code !== 'ENOENT')
        this.#log.warn({ file: this.#configFile, code }, 'registry credentials could not be read');
      return undefined;
    }
  }

  /** The protocol of docker-credential-helpers: the server on standard input, JSON on standard output. */
  async #askHelper(name: string, server: string, signal: AbortSignal): Promise<RegistryAuth | undefined> {
    if (!/^[A-Za-z0-9._-]+$/.test(name)) return undefined;
    const options = {
      input: server,
      timeout: this.#helperDeadline,
      cancelSignal: signal,
      reject: false,
    } as const;
    const { failed, stdout, shortMessage } = await execa(`docker-credential-${name}`, ['get'], options);
    if (failed) {
      // It says so on standard output where it has none for this server.
      if (!signal.aborted && !/credentials not found/i.test(stdout ?? '')) {
        this.#log.warn({ helper: name, reason: shortMessage }, 'a registry credential helper failed');
      }
      return undefined;
    }
    return this.#parseHelper(name, stdout, server);
  }

  #parseHelper(name: string, answer: string, serveraddress: string): RegistryAuth | undefined {
    try {
      const { Username, Secret } = HelperAnswer.parse(JSON.parse(answer));
      return Username === '<token>'
        ? { identitytoken: Secret, serveraddress }
        : { username: Username, password: Secret, serveraddress };
    } catch (error) {
      this.#log.warn(
        { helper: name, error: error instanceof SyntaxError ? 'no JSON' : messageOf(error) },
        'a registry credential helper gave no credentials',
      );
      return undefined;
    }
  }
}

function authOf(config: ConfigFile, registry: string, serveraddress: string): RegistryAuth | undefined {
  const entry = lookUp(config.auths, registry);
  if (entry === undefined) return undefined;
  if (entry.identitytoken) return { identitytoken: entry.identitytoken, serveraddress };
  const [, fromAuth, password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(entry.auth ?? '', 'base64').toString()) ?? [];
  const username = entry.username ?? fromAuth;
  const secret = entry.password ?? password?.replace(/\0+$/, '');
  return username && secret !== undefined ? { username, password: secret, serveraddress } : undefined;
}

function lookUp<T>(entries: Readonly<Record<string, T>>, registry: string): T | undefined {
  return Object.entries(entries).find(([key]) => hostOf(key) === hostOf(registry))?.[1];
}

/** A key of the config file as a registry's host: it may carry a scheme and a path. docker.io has several names. */
function hostOf(key: string): string {
  const host = key
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}
