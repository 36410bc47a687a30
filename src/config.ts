import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { z } from 'zod';
import { parseDuration } from './domain/duration.ts';
import { DomainError, messageOf } from './domain/errors.ts';

const DEFAULT_FILE = '/etc/berth/berth.toml';
/** Variables of the command and of the tests; the daemon has no use for them and no quarrel with them. */
const NOT_OURS = /^BERTH_(HOST|TOKEN|TEST_.*)$/;

/** pino's levels. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** A TCP address to listen on; port 0 lets the system choose. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

const text = z.string('must be a text').min(1, 'must not be empty');

/** What unix(7) leaves for a socket's path. */
function fitsSocket(path: string): boolean {
  return Buffer.byteLength(path) <= 107;
}

const listen = text.transform((address, context): Listen => {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(address) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    context.addIssue('must be HOST:PORT, such as "127.0.0.1:7070"');
    return z.NEVER;
  }
  return { host: bracketed ?? (plain || '0.0.0.0'), port: Number(port) };
});

const duration = text.transform((text, context): number => {
  const parsed = parseDuration(text);
  if (parsed === undefined) context.addIssue('must be a duration, such as "30s" or "5m"');
  return parsed?.ms ?? z.NEVER;
});

const list = z
  .union([z.array(z.string()), z.string().transform((text) => text.split(','))])
  .transform((items) => items.map((item) => item.trim().toLowerCase()).filter((item) => item !== ''));

const domain = z
  .string()
  .toLowerCase()
  .regex(
    /^(?=.{1,180}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    'must be a domain, such as "localhost"',
  );

/** The keys of berth.toml; in the environment each is BERTH_ and the key in capitals. */
const Settings = z.strictObject({
  data_dir: text.optional(),
  api_listen: listen.optional(),
  api_hosts: list.optional(),
  socket: text
    .refine(fitsSocket, 'must be a path of at most 107 bytes: a Unix socket takes no longer one')
    .optional(),
  gateway_listen: listen.optional(),
  gateway_workers: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be at least 1')
    .max(64, 'must be at most 64')
    .optional(),
  gateway_socket: text.optional(),
  drain_timeout: duration.optional(),
  start_timeout: duration.optional(),
  domain: domain.optional(),
  jwt_secret: text.optional(),
  jwt_public_key: text.optional(),
  jwks_url: z.url('must be a URL').optional(),
  jwt_issuer: text.optional(),
  jwt_audience: text.optional(),
  docker_host: text.optional(),
  nvidia_smi: text.optional(),
  log_level: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).optional(),
  registries: z.record(z.string(), z.strictObject({ username: text, password: text })).optional(),
});

/** How tokens are checked: with berth's own secret, with one public key, or with a published set of keys. */
export type TokenTrust =
  | { readonly kind: 'secret'; readonly secret: string | null }
  | { readonly kind: 'public-key'; readonly pem: string }
  | { readonly kind: 'jwks'; readonly url: string };

/** Everything that berthd is told from outside, checked and frozen. Times are in milliseconds. */
export interface Config {
  readonly dataDir: string;
  readonly apiListen: Listen;
  /** Host names besides IP addresses and localhost under which the API may be asked. */
  readonly apiHosts: readonly string[];
  readonly socket: string;
  /** Null lets berth choose: port 80, or 8080 when 80 may not be bound. */
  readonly gatewayListen: Listen | null;
  /** Null lets the gateway choose: half the cores. */
  readonly gatewayWorkers: number | null;
  /** The admin socket of a gateway that somebody else runs (systemd); null makes berthd start one. */
  readonly gatewaySocket: string | null;
  readonly drainTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly domain: string;
  readonly tokenTrust: TokenTrust;
  readonly tokenIssuer: string | null;
  readonly tokenAudience: string | null;
  readonly dockerHost: string;
  /** Docker's own config file, where `docker login` keeps credentials. */
  readonly dockerConfigFile: string;
  readonly registries: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
  readonly nvidiaSmi: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** What a process is started with. */
export interface Surroundings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs as root. */
  readonly root: boolean;
  readonly home: string;
}

/**
 * Reads berth.toml (or `--config FILE`), then the environment, which wins.
 * Throws a DomainError of one line that names the unknown key or the bad value.
 */
export function readConfig(surroundings: Surroundings): Config {
  const { file, required } = configFile(surroundings.args);
  const environment = readEnvironment(surroundings.env);
  const parsed = Settings.safeParse({ ...readFile(file, required), ...environment });
  if (parsed.success) return freeze(parsed.data, surroundings);
  throw badSetting(parsed.error.issues, (path) =>
    path[0] !== undefined && path[0] in environment
      ? `BERTH_${path[0].toUpperCase()} in the environment`
      : `"${path.join('.')}" in ${file}`,
  );
}

function readFile(file: string, required: boolean): Record<string, unknown> {
  if (!required && !existsSync(file)) return {};
  try {
    return parseToml(readFileSync(file, 'utf8'));
  } catch (error) {
    const line = messageOf(error).split('\n')[0];
    throw new DomainError('invalid', `The configuration ${file} can't be read: ${line}`, { cause: error });
  }
}

function configFile(args: readonly string[]): { file: string; required: boolean } {
  const [first, second, ...rest] = args;
  if (first === undefined) return { file: DEFAULT_FILE, required: false };
  const inline = /^--config=(.+)$/.exec(first)?.[1];
  if (inline !== undefined && second === undefined) return { file: inline, required: true };
  if (first === '--config' && second !== undefined && rest.length === 0)
    return { file: second, required: true };
  throw new DomainError(
    'invalid',
    `berthd does not know "${args.join(' ')}". It takes --config FILE and nothing else.`,
  );
}

function readEnvironment(env: Surroundings['env']): Record<string, unknown> {
  const ours = Object.entries(env).filter(
    ([name, value]) =>
      name.startsWith('BERTH_') && !NOT_OURS.test(name) && value !== undefined && value !== '',
  );
  return Object.fromEntries(ours.map(([name, value]) => [name.slice('BERTH_'.length).toLowerCase(), value]));
}

function badSetting(
  issues: readonly z.core.$ZodIssue[],
  place: (path: readonly string[]) => string,
): DomainError {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) {
    const known = unknown.path.length === 0 ? ` Known: ${Object.keys(Settings.shape).join(', ')}.` : '';
    const path = [...unknown.path.map(String), ...unknown.keys.slice(0, 1)];
    return new DomainError('invalid', `Configuration: ${place(path)} is unknown.${known}`);
  }
  const [first] = issues;
  return new DomainError(
    'invalid',
    `Configuration: ${place(first?.path.map(String) ?? [])} ${first?.message ?? 'is wrong'}.`,
  );
}

function freeze(settings: z.output<typeof Settings>, { env, root, home }: Surroundings): Config {
  const dataDir = settings.data_dir ?? (root ? '/var/lib/berth' : join(home, '.local/share/berth'));
  const runtimeDir = root ? '/run/berth' : (env.XDG_RUNTIME_DIR ?? dataDir);
  return Object.freeze({
    dataDir,
    apiListen: settings.api_listen ?? { host: '127.0.0.1', port: 7070 },
    apiHosts: settings.api_hosts ?? [],
    socket: settings.socket ?? join(runtimeDir, 'berth.sock'),
    gatewayListen: settings.gateway_listen ?? null,
    gatewayWorkers: settings.gateway_workers ?? null,
    gatewaySocket: settings.gateway_socket ?? null,
    drainTimeoutMs: settings.drain_timeout ?? 30_000,
    // Models load slowly: five minutes from start to the first answer.
    startTimeoutMs: settings.start_timeout ?? 300_000,
    domain: settings.domain ?? 'localhost',
    tokenTrust: tokenTrust(settings),
    tokenIssuer: settings.jwt_issuer ?? null,
    tokenAudience: settings.jwt_audience ?? null,
    dockerHost: settings.docker_host ?? (env.DOCKER_HOST || 'unix:///var/run/docker.sock'),
    dockerConfigFile: join(env.DOCKER_CONFIG || join(home, '.docker'), 'config.json'),
    registries: settings.registries ?? {},
    nvidiaSmi: settings.nvidia_smi ?? 'nvidia-smi',
    logLevel: settings.log_level ?? 'info',
  });
}

function tokenTrust(settings: z.output<typeof Settings>): TokenTrust {
  const { jwt_secret: secret, jwt_public_key: publicKey, jwks_url: url } = settings;
  if ([secret, publicKey, url].filter((value) => value !== undefined).length > 1) {
    throw new DomainError(
      'invalid',
      'Configuration: of "jwt_secret", "jwt_public_key" and "jwks_url" only one may be set: tokens are checked in one way.',
    );
  }
  if (url !== undefined) return { kind: 'jwks', url };
  if (publicKey !== undefined) return { kind: 'public-key', pem: readPem(publicKey) };
  return { kind: 'secret', secret: secret ?? null };
}

function readPem(value: string): string {
  if (value.includes('-----BEGIN')) return value;
  try {
    return readFileSync(value, 'utf8');
  } catch (error) {
    const message = `Configuration: "jwt_public_key": neither a PEM text nor a file that can be read: ${messageOf(error)}.`;
    throw new DomainError('invalid', message, { cause: error });
  }
}
