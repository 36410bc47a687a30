import type { Gpu } from '../client/wire.ts';
import { formatBytes } from '../domain/quantity.ts';
import { shortId } from './container-name.ts';
import { type Cell, table } from './table.ts';
import { inert, type Terminal } from './terminal.ts';

const HEADER = ['INDEX', 'MODEL', 'MEMORY', 'UTIL', 'TEMP', 'POWER', 'HOLDER', 'QUEUE'];

/** A line for each GPU. `names` are those of the containers that the caller may see, by id. */
export function gpuTable(
  gpus: readonly Gpu[],
  names: ReadonlyMap<string, string>,
  terminal: Terminal,
): string[] {
  const notes = gpus.some(({ state }) => state !== 'usable');
  const nameOf = (id: string) => inert(names.get(id) ?? shortId(id));
  const rows = gpus.map((gpu): Cell[] => [
    { text: String(gpu.index) },
    { text: inert(modelOf(gpu)) },
    { text: memoryOf(gpu) },
    { text: measured(gpu.utilization, '%') },
    { text: measured(gpu.temperature, '°C') },
    { text: measured(gpu.power, 'W') },
    { text: gpu.holders.map(nameOf).join(', ') || '-' },
    { text: queueOf(gpu.waiting, nameOf) },
    ...(notes ? [noteOf(gpu, terminal)] : []),
  ]);
  return table(notes ? [...HEADER, 'NOTE'] : HEADER, rows);
}

/** A MIG instance's own name has its profile, which the model doesn't. */
function modelOf({ uuid, model, name }: Gpu): string {
  return uuid.startsWith('MIG-') ? name : (model ?? name);
}

function memoryOf({ memoryUsed, memoryTotal }: Gpu): string {
  const known = [memoryUsed, memoryTotal].filter((bytes) => bytes !== null);
  return known.length === 0 ? '-' : known.map(formatBytes).join('/');
}

function measured(value: number | null, unit: string): string {
  return value === null ? '-' : `${Math.round(value)}${unit}`;
}

/** How many wait, and whose turn is next. */
function queueOf(waiting: readonly string[], nameOf: (id: string) => string): string {
  const [first] = waiting;
  return first === undefined ? '-' : `${waiting.length}, next ${nameOf(first)}`;
}

function noteOf({ state, stateReason }: Gpu, terminal: Terminal): Cell {
  if (state === 'usable') return { text: '' };
  const text = inert(stateReason === null ? state : `${state}: ${stateReason}`);
  return { text, paint: (padded) => terminal.paint('red', padded) };
}
