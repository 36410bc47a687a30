import { ApiProblem } from '../client/problem.ts';
import type { NewContainer } from '../client/wire.ts';
import { CommandFailed } from './errors.ts';

/** What a field of the API is called at the command line, where it isn't the field's name behind two hyphens. */
const NAMES: Readonly<Record<string, string>> = {
  image: 'the image',
  arguments: 'the arguments',
  ephemeralStorage: '--storage',
  healthPath: '--health-path',
  gpu: '--gpus',
  desiredGPUs: '--gpu-model',
  gpuMemory: '--gpu-memory',
  shmSize: '--shm-size',
  hostnames: '--hostname',
  volumes: '--volume',
};
const SAME = ['name', 'port', 'cpu', 'ram', 'env', 'command'];

/** A refusal of a new container with its fields named as options: "--hostname a must be …" for hostnames.0. */
export function inOptions(error: unknown, wanted: NewContainer): unknown {
  if (!(error instanceof ApiProblem) || error.errors.length === 0) return error;
  // Of a 400 the message goes on after the field's name; of a conflict it is a sentence of its own.
  const joint = error.status === 400 ? ' ' : ': ';
  const lines = error.errors.map(
    ({ path, message }) => `${optionOf(path, wanted)}${joint}${inCommands(message)}`,
  );
  return new CommandFailed(lines.join('\n'));
}

/** What the API sends a reader to by a path, as the command that shows it. */
function inCommands(message: string): string {
  return message
    .replace(' from /v1/gpu-models', '')
    .replace(
      'the name of a card from /v1/gpus',
      `a card's own name; "berth gpus" lists codes and models, "berth gpus --json" also the cards' own names`,
    );
}

function optionOf(path: string, wanted: NewContainer): string {
  const [field = '', ...rest] = path.split('.');
  const option = NAMES[field] ?? (SAME.includes(field) ? `--${field}` : path);
  const value = valueAt(field, rest, wanted);
  return value === null ? option : `${option} ${value}`;
}

/** Which of an option's several values is meant, as it was typed. */
function valueAt(
  field: string,
  [index = '', ...rest]: readonly string[],
  wanted: NewContainer,
): string | null {
  if (field === 'env' && index !== '') return [index, ...rest].join('.');
  const at = Number(index || Number.NaN);
  if (field === 'hostnames') return wanted.hostnames?.[at] ?? null;
  if (field === 'desiredGPUs') return wanted.desiredGPUs?.[at] ?? null;
  const volume = field === 'volumes' ? wanted.volumes?.[at] : undefined;
  return volume === undefined ? null : [`${volume.name}:${volume.path}:`, ...rest].join(' ');
}
