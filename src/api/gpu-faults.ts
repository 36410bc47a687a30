import type { FieldError } from '../domain/errors.ts';
import type { Gpu, GpuInventory, GpuNeed } from '../domain/gpu.ts';
import { fits, gpuModelOf } from '../domain/gpu-match.ts';
import { formatBytes } from '../domain/quantity.ts';

const EITHER = new Intl.ListFormat('en-GB', { type: 'disjunction' });
const ALL = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** Why this machine can never give the GPUs that are needed, all of it, field by field, with what it has. */
export function gpuFaults(
  need: GpuNeed,
  { gpus, reason }: Pick<GpuInventory, 'gpus' | 'reason'>,
): FieldError[] {
  const fit = fits(gpus, need);
  const model = need.wishes === null ? 'gpu' : 'desiredGPUs';
  switch (fit.kind) {
    case 'ok':
      return [];
    case 'no-gpus':
      return [{ path: model, message: noGpus(reason) }];
    case 'no-such-model':
      return [{ path: model, message: noSuchModel(need.wishes ?? [], gpus) }];
    case 'too-many': {
      const has = `and this machine has ${countedGpus(fit.most)}`;
      const fault = { path: 'gpu', message: `${need.count} GPUs of one model were asked for ${has}` };
      return [fault, ...gpuFaults({ ...need, count: fit.most.length }, { gpus, reason })];
    }
    case 'too-much-memory':
      return [{ path: 'gpuMemory', message: tooMuchMemory(need, fit.largestBytes) }];
  }
}

function noGpus(reason: string | null): string {
  const none = 'this machine has no GPU that berth can give to a container';
  return reason === null ? none : `${none}: ${reason}`;
}

function noSuchModel(wishes: readonly string[], gpus: readonly Gpu[]): string {
  const names = new Set(wishes.map((word) => gpuModelOf(word)?.name ?? word));
  return `this machine has no ${EITHER.format(names)}; it has ${countedGpus(gpus)}`;
}

function tooMuchMemory({ count, memoryBytes }: GpuNeed, largestBytes: number | null): string {
  if (largestBytes === null) {
    return "the driver doesn't say how much memory the GPUs that would do have, so berth can't share them: leave it out";
  }
  const asked = `${formatBytes(memoryBytes ?? 0)} were asked for`;
  const has = formatBytes(largestBytes);
  return count === 1
    ? `${asked} and the largest GPU that would do has ${has}`
    : `${asked} of each GPU, and no ${count} GPUs of one model that would do have more than ${has} each`;
}

/** "2 × Nvidia rtx-3090 and 1 × Nvidia t4" */
function countedGpus(gpus: readonly Gpu[]): string {
  const labelled = Map.groupBy(gpus, ({ kind, model, name }) =>
    kind === 'mig' ? name : (model?.name ?? name),
  );
  return ALL.format(Array.from(labelled, ([label, { length }]) => `${length} × ${label}`));
}
