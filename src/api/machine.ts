import type { ContainerSpec } from '../domain/container-spec.ts';
import { type FieldError, fieldsRefused } from '../domain/errors.ts';
import { type GpuInventory, type GpuNeed, gpuNeedOf } from '../domain/gpu.ts';
import { formatBytes } from '../domain/quantity.ts';
import type { Machine } from './deps.ts';
import { gpuFaults } from './gpu-faults.ts';
import type { ContainerChange } from './schemas/container-request.ts';

/**
 * Throws `unsatisfiable` where this machine can never run the spec, of which `asked` came with this request. An unknown
 * machine refuses nothing for its size.
 */
export function requireFits(
  spec: ContainerSpec,
  asked: Pick<ContainerChange, 'desiredGPUs'>,
  machine: Machine | undefined,
  gpus: GpuInventory,
): void {
  const need = gpuNeedOf(spec) ?? wishAlone(asked.desiredGPUs ?? null);
  const faults = [
    ...(need === null ? [] : gpuFaults(need, gpus)),
    ...(machine === undefined ? [] : sizeFaults(spec, machine)),
  ];
  if (faults.length > 0) throw fieldsRefused('unsatisfiable', faults);
}

/** Without a GPU a wish is told whether it makes sense here when it comes, and never again. */
function wishAlone(wishes: readonly string[] | null): GpuNeed | null {
  return wishes === null ? null : { count: 1, memoryBytes: null, wishes };
}

function sizeFaults({ cpu, ram, shmSize }: ContainerSpec, { cpus, memoryBytes }: Machine): FieldError[] {
  const faults: FieldError[] = [];
  if (cpu > cpus)
    faults.push({ path: 'cpu', message: `this machine has ${cpus} cores and ${cpu} were asked for` });
  for (const [path, size] of Object.entries({ ram, shmSize })) {
    if (size === null || size.bytes <= memoryBytes) continue;
    const message = `this machine has ${formatBytes(memoryBytes)} of memory and ${size.text} were asked for`;
    faults.push({ path, message });
  }
  return faults;
}
