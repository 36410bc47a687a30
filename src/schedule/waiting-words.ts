import type { Gpu, GpuHolding } from '../domain/gpu.ts';
import { findGpuModel } from '../domain/gpu-model.ts';
import { formatBytes } from '../domain/quantity.ts';
import { positionIn } from './line.ts';
import { devicesFor, type GpuRequest } from './request.ts';

const MOST_HOLDERS = 3;
const LIST = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** What those who wait are told about those who hold. */
export interface Surroundings {
  readonly line: readonly GpuRequest[];
  readonly holdings: readonly GpuHolding[];
  /** Why the machine has fewer GPUs than it should; null where nothing is amiss. */
  readonly reason: string | null;
}

/** Why a request waits, for its owner: for what, at which place, who holds it, and what is wrong with the devices. */
export function waitingWords(request: GpuRequest, around: Surroundings): string {
  const position = ordinal(positionIn(around.line, request));
  return [`waiting for ${wanted(request)}, ${position} in line`, ...obstacles(request, around)].join('; ');
}

function wanted(request: GpuRequest): string {
  const { count, memoryBytes, wishes } = request.need;
  const kind = wishes === null ? (count === 1 ? 'GPU' : 'GPUs') : named(wishes, devicesFor(request));
  if (memoryBytes === null) return count === 1 ? `a free ${kind}` : `${count} free ${kind}`;
  const memory = formatBytes(memoryBytes);
  return count === 1 ? `${memory} on a ${kind}` : `${memory} on each of ${count} ${kind}`;
}

/** The wishes that this machine has; all of them where it has none. */
function named(wishes: readonly string[], gpus: readonly Gpu[]): string {
  const isHere = (word: string) => {
    const code = findGpuModel(word)?.code;
    return gpus.some(({ model, name }) =>
      code === undefined ? name.toLowerCase() === word.toLowerCase() : model?.code === code,
    );
  };
  const here = wishes.filter(isHere);
  const told = here.length > 0 ? here : wishes;
  return [...new Set(told.map((word) => findGpuModel(word)?.name ?? word))].join(' or ');
}

function obstacles(request: GpuRequest, around: Surroundings): readonly string[] {
  const gpus = devicesFor(request);
  if (gpus.length === 0) {
    return [`this machine has none at present${around.reason === null ? '' : `: ${around.reason}`}`];
  }
  const holders = holdersOf(request, around);
  return [...(holders.length === 0 ? [] : [`held by ${holders.join(', ')}`]), ...troubles(gpus)];
}

/** What is wrong with devices, told once for all that have the same trouble. */
function troubles(gpus: readonly Gpu[]): readonly string[] {
  const broken = gpus
    .toSorted((a, b) => a.index - b.index)
    .flatMap(({ index, state }) => (state.kind === 'usable' ? [] : [{ index, reason: state.reason }]));
  return [...Map.groupBy(broken, ({ reason }) => reason)].map(([reason, all]) => {
    const indexes = LIST.format(new Set(all.map(({ index }) => String(index))));
    return `GPU ${indexes} can't be used: ${reason}`;
  });
}

function holdersOf(request: GpuRequest, { holdings }: Surroundings): readonly string[] {
  const inTheWay = holdings.filter(
    (held) => held.containerId !== request.containerId && held.gpus.some((uuid) => request.uuids.has(uuid)),
  );
  const holders = [...new Map(inTheWay.map((held) => [held.containerId, held])).values()];
  // The name of another user's container is theirs alone.
  const told = holders
    .slice(0, MOST_HOLDERS)
    .map(({ containerId, owner, name }) =>
      owner === request.owner ? `${name} (${containerId})` : `another user’s ${containerId}`,
    );
  const more = holders.length - told.length;
  return more > 0 ? [...told, `${more} more`] : told;
}

function ordinal(number: number): string {
  const teen = number % 100 >= 11 && number % 100 <= 13;
  const ending = teen ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return `${number}${ending}`;
}
