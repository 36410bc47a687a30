import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { parseDuration } from '../domain/duration.ts';
import { invalidField } from '../domain/errors.ts';

/** The parent owns the listening socket; a generation serves it, with workers beside its main process. */
export type Role = 'parent' | 'generation' | 'worker';

const ROLES: readonly Role[] = ['parent', 'generation', 'worker'];
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export interface GatewaySettings {
  readonly role: Role;
  /** Counts the generations since the parent started; 0 in the parent. */
  readonly generation: number;
  readonly adminSocket: string;
  readonly tableFile: string;
  /** Processes that share the traffic port, at least 1. */
  readonly workers: number;
  /** How long a replaced generation may finish what it has. */
  readonly drainTimeoutMs: number;
  /** How long everybody may finish when the gateway stops altogether. */
  readonly stopTimeoutMs: number;
  readonly logLevel: LogLevel;
  /** The log goes to systemd's journal. */
  readonly journal: boolean;
  /** LISTEN_FDS and LISTEN_PID, as sd_listen_fds(3) has them. */
  readonly listen: { readonly fds: string | undefined; readonly pid: string | undefined };
  /** Where systemd wants to hear that we are ready. */
  readonly notifySocket: string | undefined;
  /** What a process started by this one is told through its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

const INHERITED = [
  'BERTH_GATEWAY_WORKERS',
  'BERTH_DRAIN_TIMEOUT',
  'BERTH_STOP_TIMEOUT',
  'BERTH_LOG_LEVEL',
  'JOURNAL_STREAM',
] as const;

/** The gateway's settings from its command line and environment. Throws a DomainError that names what is wrong. */
export function readSettings(
  argv: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): GatewaySettings {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { admin: { type: 'string' }, table: { type: 'string' }, generation: { type: 'string' } },
  });
  return Object.freeze({
    role: oneOf('the role', ROLES, positionals[0] ?? 'parent'),
    generation: wholeNumber('--generation', values.generation ?? '0', 0),
    adminSocket: required('--admin', values.admin),
    tableFile: required('--table', values.table),
    workers: wholeNumber('BERTH_GATEWAY_WORKERS', env.BERTH_GATEWAY_WORKERS ?? String(halfTheCores()), 1),
    drainTimeoutMs: duration('BERTH_DRAIN_TIMEOUT', env.BERTH_DRAIN_TIMEOUT ?? '30s'),
    stopTimeoutMs: duration('BERTH_STOP_TIMEOUT', env.BERTH_STOP_TIMEOUT ?? '5s'),
    logLevel: oneOf('BERTH_LOG_LEVEL', LOG_LEVELS, env.BERTH_LOG_LEVEL ?? 'info'),
    journal: env.JOURNAL_STREAM !== undefined,
    listen: { fds: env.LISTEN_FDS, pid: env.LISTEN_PID },
    notifySocket: env.NOTIFY_SOCKET,
    environment: Object.fromEntries(INHERITED.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
  });
}

function halfTheCores(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

/** The arguments that start another process of this gateway. */
export function argumentsFor(settings: GatewaySettings, role: Role, generation: number): string[] {
  const { adminSocket, tableFile } = settings;
  return [role, '--generation', String(generation), '--admin', adminSocket, '--table', tableFile];
}

function required(name: string, value: string | undefined): string {
  if (!value) throw invalidField(name, 'is missing. Give it a path.');
  return value;
}

function oneOf<T extends string>(name: string, allowed: readonly T[], value: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw invalidField(name, `"${value}" is none of ${allowed.join(', ')}.`);
  return found;
}

function wholeNumber(name: string, value: string, least: number): number {
  const number = /^[0-9]{1,6}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least)) throw invalidField(name, `"${value}" is not a whole number of at least ${least}.`);
  return number;
}

function duration(name: string, value: string): number {
  const parsed = parseDuration(value);
  if (!parsed || parsed.ms >= 2 ** 31)
    throw invalidField(name, `"${value}" is not a duration such as 30s or 5m.`);
  return parsed.ms;
}
