import type { Logger } from 'pino';
import type { Gpu, GpuInventory } from '../domain/gpu.ts';

/** Tells the log what the first look found: once, whatever it is. */
export function tellFound({ gpus, reason }: GpuInventory, ordinary: boolean, log: Logger): void {
  const found = gpus.length === 0 ? 'no GPUs' : `GPUs: ${summary(gpus)}`;
  if (reason === null) log.info(found);
  else if (ordinary) log.info(`${found}: ${reason}`);
  else log.warn({ reason }, found);
}

/** Tells the log what a later look changed; nothing where it changed nothing. */
export function tellChanges(before: GpuInventory, after: GpuInventory, ordinary: boolean, log: Logger): void {
  const known = new Set(before.gpus.map((gpu) => gpu.uuid));
  const fresh = after.gpus.filter((gpu) => !known.has(gpu.uuid));
  if (fresh.length > 0) log.info(`more GPUs: ${summary(fresh)}`);
  if (after.reason === before.reason) return;
  const isSame = setAndStates(before) === setAndStates(after);
  if (isSame && kindOf(after.reason) === kindOf(before.reason)) return;
  if (after.reason === null) {
    // Where there were none before, the line above tells all.
    if (before.gpus.length > 0) log.info('all GPUs are well again');
  } else if (ordinary) log.info(`no GPUs: ${after.reason}`);
  else log.warn({ reason: after.reason }, 'not all is well with the GPUs');
}

/** A reason without its numbers: those of a failing nvidia-smi differ each time (processes, times), and are no news. */
function kindOf(reason: string | null): string | null {
  return reason === null ? null : reason.replaceAll(/[0-9]+/g, '#');
}

/** "2× NVIDIA GeForce RTX 3090, Tesla T4". */
function summary(gpus: readonly Gpu[]): string {
  const byName = Map.groupBy(gpus, (gpu) => gpu.name);
  return [...byName].map(([name, all]) => (all.length === 1 ? name : `${all.length}× ${name}`)).join(', ');
}

/** Tells two inventories apart by which devices there are and how they are, not by what they do. */
export function setAndStates({ gpus }: GpuInventory): string {
  return JSON.stringify(
    gpus.map(({ uuid, index, memoryBytes, state }) => [uuid, index, memoryBytes, state.kind]),
  );
}
