import type { Gpu } from '../client/wire.ts';
import { formatBytes } from '../domain/quantity.ts';
import { shortId, shortIds } from './container-name.ts';
import { type Cell, table } from './table.ts';
import { inert, type Terminal } from './terminal.ts';

/** A line for each GPU, last those that are lost. `names` are those of the containers that the caller may see, by id. */
export function gpuTable(
  gpus: readonly Gpu[],
  names: ReadonlyMap<string, string>,
  terminal: Terminal,
): string[] {
  const anyAmiss = gpus.some(({ state }) => state !== 'usable');
  const nameOf = (id: string) => inert(names.get(id) ?? shortId(id));
  const states = anyAmiss ? ['STATE'] : [];
  const header = [
    ...['INDEX', 'MODEL', 'CODE', ...states],
    ...['MEMORY', 'UTIL', 'TEMP', 'POWER', 'HOLDER', 'QUEUE', 'ID'],
  ];
  const ordered = gpus.toSorted(lostLast);
  const rows = ordered.map((gpu): Cell[] => [
    { text: String(gpu.index) },
    { text: inert(modelOf(gpu)) },
    { text: codeOf(gpu) },
    ...(anyAmiss ? [stateOf(gpu, terminal)] : []),
    { text: memoryOf(gpu) },
    { text: measured(gpu.utilization, '%') },
    { text: measured(gpu.temperature, '°C') },
    { text: measured(gpu.power, 'W') },
    { text: gpu.holders.map(nameOf).join(', ') || '-' },
    { text: queueOf(gpu.waiting, nameOf) },
    { text: inert(shortIds(gpu.uuid)) },
  ]);
  return table(header, rows);
}

/** A card in the place of a lost one has its number. */
function lostLast(a: Gpu, b: Gpu): number {
  return Number(a.state === 'lost') - Number(b.state === 'lost');
}

/** A MIG instance's own name has its profile, which the model doesn't. */
function modelOf({ uuid, model, name }: Gpu): string {
  return uuid.startsWith('MIG-') ? name : (model ?? name);
}

/** What to ask for it by; a MIG instance is sure to be had by its own name only. */
function codeOf({ uuid, code }: Gpu): string {
  return uuid.startsWith('MIG-') ? '-' : inert(code ?? '-');
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

function stateOf({ state }: Gpu, terminal: Terminal): Cell {
  return state === 'usable'
    ? { text: 'ok' }
    : { text: state, paint: (padded) => terminal.paint('red', padded) };
}
