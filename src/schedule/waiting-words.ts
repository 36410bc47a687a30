import type { Gpu, GpuHolding, GpuNeed } from '../domain/gpu.ts';
import { findGpuModel } from '../domain/gpu-model.ts';
import { formatBytes } from '../domain/quantity.ts';
import { positionIn } from './line.ts';
import { devicesFor, type GpuRequest } from './request.ts';

const MOST_HOLDERS = 3;

/** What those who wait are told about those who hold. */
export interface Surroundings {
  readonly line: readonly GpuRequest[];
  readonly holdings: readonly GpuHolding[];
  /** Names of containers, by id; only the owner of a container is told its name. */
  nameOf(containerId: string): string | undefined;
  /** Why the machine has fewer GPUs than it should; null where nothing is amiss. */
  readonly reason: string | null;
}

/** Why a request waits, for its owner: for what, at which place, who holds it, and what is wrong with the devices. */
export function waitingWords(request: GpuRequest, around: Surroundings): string {
  const position = ordinal(positionIn(around.line, request));
  return [`waiting for ${wanted(request.need)}, ${position} in line`, ...obstacles(request, around)].join(
    '; ',
  );
}

function wanted({ count, memoryBytes, wishes }: GpuNeed): string {
  const names = wishes?.map((word) => findGpuModel(word)?.name ?? word).join(' or ');
  const kind = names ?? (count === 1 ? 'GPU' : 'GPUs');
  if (memoryBytes === null) return count === 1 ? `a free ${kind}` : `${count} free ${kind}`;
  const memory = formatBytes(memoryBytes);
  return count === 1 ? `${memory} on a ${kind}` : `${memory} on each of ${count} ${kind}`;
}

function obstacles(request: GpuRequest, around: Surroundings): readonly string[] {
  const gpus = devicesFor(request);
  if (gpus.length === 0) {
    return [`this machine has none at present${around.reason === null ? '' : `: ${around.reason}`}`];
  }
  const holders = holdersOf(request, gpus, around);
  return [
    ...(holders.length === 0 ? [] : [`held by ${holders.join(', ')}`]),
    ...gpus.flatMap((gpu) =>
      gpu.state.kind === 'usable' ? [] : `GPU ${gpu.index} can't be used: ${gpu.state.reason}`,
    ),
  ];
}

function holdersOf(
  request: GpuRequest,
  gpus: readonly Gpu[],
  { holdings, nameOf }: Surroundings,
): readonly string[] {
  const uuids = new Set(gpus.map(({ uuid }) => uuid));
  const onThem = holdings.filter(
    (held) => held.containerId !== request.containerId && held.gpus.some((uuid) => uuids.has(uuid)),
  );
  const holders = [...new Map(onThem.map((held) => [held.containerId, held])).values()];
  const told = holders.slice(0, MOST_HOLDERS).map(({ containerId, owner }) => {
    const name = owner === request.owner ? nameOf(containerId) : undefined;
    return name === undefined ? `another user’s ${containerId}` : `${name} (${containerId})`;
  });
  const more = holders.length - told.length;
  return more > 0 ? [...told, `${more} more`] : told;
}

function ordinal(number: number): string {
  const teen = number % 100 >= 11 && number % 100 <= 13;
  const ending = teen ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return `${number}${ending}`;
}
