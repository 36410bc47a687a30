import type { ContainerSpec } from '../domain/container-spec.ts';
import { type FieldError, fieldsRefused } from '../domain/errors.ts';
import { formatBytes } from '../domain/quantity.ts';
import type { Machine } from './deps.ts';

/** Throws `unsatisfiable` where this machine can never run the spec. An unknown machine refuses nothing for its size. */
export function requireFits(spec: ContainerSpec, machine: Machine | undefined): void {
  const faults = [...gpuFaults(spec), ...(machine === undefined ? [] : sizeFaults(spec, machine))];
  if (faults.length > 0) throw fieldsRefused('unsatisfiable', faults);
}

function sizeFaults({ cpu, ram }: ContainerSpec, { cpus, memoryBytes }: Machine): FieldError[] {
  const faults: FieldError[] = [];
  if (cpu > cpus)
    faults.push({ path: 'cpu', message: `this machine has ${cpus} cores and ${cpu} were asked for` });
  if (ram.bytes > memoryBytes) {
    faults.push({
      path: 'ram',
      message: `this machine has ${formatBytes(memoryBytes)} of memory and ${ram.text} were asked for`,
    });
  }
  return faults;
}

function gpuFaults({ gpu, desiredGPUs }: ContainerSpec): FieldError[] {
  const message = 'this machine has no GPU that berth can give to a container';
  if (desiredGPUs !== null) return [{ path: 'desiredGPUs', message }];
  return gpu > 0 ? [{ path: 'gpu', message }] : [];
}
