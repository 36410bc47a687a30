import { InvalidArgumentError } from 'commander';
import type { NewContainer, VolumeMount } from '../client/wire.ts';
import { UsageError } from './errors.ts';

/** The options of `berth run`, as commander hands them over. */
export interface RunOptions {
  readonly name?: string;
  readonly port?: number;
  readonly cpu?: number;
  readonly ram?: string;
  readonly storage?: string;
  readonly gpus?: number;
  readonly gpuModel?: readonly string[];
  readonly gpuMemory?: string;
  readonly shmSize?: string;
  readonly env?: readonly string[];
  readonly command?: readonly string[];
  readonly hostname?: readonly string[];
  readonly healthPath?: string;
  readonly volume?: readonly string[];
}

/** The request that the options ask for. What they leave out is left to the API's defaults, and so is judging values. */
export function toNewContainer(
  image: string,
  args: readonly string[],
  options: RunOptions,
  variables: Readonly<Record<string, string | undefined>>,
): NewContainer {
  const { port, cpu, ram, storage, env, command, hostname, healthPath, volume } = options;
  return {
    name: options.name ?? nameFromImage(image),
    image,
    ...(port !== undefined && { port }),
    ...(cpu !== undefined && { cpu }),
    ...(ram !== undefined && { ram }),
    ...(storage !== undefined && { ephemeralStorage: storage }),
    ...gpuFields(options),
    ...(env !== undefined && { env: environmentOf(env, variables) }),
    ...(command !== undefined && { command }),
    ...(args.length > 0 && { arguments: args }),
    ...(hostname !== undefined && { hostnames: hostname }),
    ...(healthPath !== undefined && { healthPath }),
    ...(volume !== undefined && { volumes: volume.map(volumeOf) }),
  };
}

/** A wish of a kind is a wish of one, where nobody says how many. */
function gpuFields({ gpus, gpuModel, gpuMemory, shmSize }: RunOptions): Partial<NewContainer> {
  const gpu = gpus ?? (gpuModel === undefined && gpuMemory === undefined ? undefined : 1);
  return {
    ...(gpu !== undefined && { gpu }),
    ...(gpuModel !== undefined && { desiredGPUs: gpuModel }),
    ...(gpuMemory !== undefined && { gpuMemory }),
    ...(shmSize !== undefined && { shmSize }),
  };
}

/** For an option that may be given more than once. */
export function appended(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** For an option that is a number; the API judges its range. */
export function numberOption(text: string): number {
  if (!/^[0-9]+(\.[0-9]+)?$/.test(text)) throw new InvalidArgumentError('write a number.');
  return Number(text);
}

/** Docker's words for it, "all" and "device=0", are no numbers. */
export function gpusOption(text: string): number {
  if (/^[0-9]+$/.test(text)) return Number(text);
  throw new InvalidArgumentError(
    'write how many: --gpus 1. "berth gpus" lists those of the machine; of which kind is for --gpu-model to say.',
  );
}

/** The last part of an image's name as a DNS label: "ghcr.io/acme/My_App:2" gives "my-app". */
export function nameFromImage(image: string): string {
  const [path = ''] = image.split('@');
  const last = path.slice(path.lastIndexOf('/') + 1).replace(/:.*$/, '');
  const label = last
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
  if (label === '') throw new UsageError(`no name can be made of the image "${image}"; give one with --name`);
  return label;
}

function environmentOf(
  entries: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(entries.map((entry) => variable(entry, variables)));
}

function variable(entry: string, variables: Readonly<Record<string, string | undefined>>): [string, string] {
  const equals = entry.indexOf('=');
  if (equals === 0) throw new UsageError(`--env ${entry}: the name is missing; write KEY=VALUE`);
  if (equals > 0) return [entry.slice(0, equals), entry.slice(equals + 1)];
  const value = variables[entry];
  if (value === undefined) {
    throw new UsageError(`--env ${entry}: not set in this environment; write ${entry}=VALUE`);
  }
  return [entry, value];
}

function volumeOf(text: string): VolumeMount {
  const [, name, path] = /^([^:/]+):(\/.*)$/.exec(text) ?? [];
  if (name === undefined || path === undefined) {
    throw new UsageError(
      `--volume ${text}: write NAME:PATH, a volume's name and an absolute path in the container`,
    );
  }
  return { name, path };
}
