import { pino } from 'pino';
import { findGpuModel, type GpuModel } from '../../src/domain/gpu-model.ts';
import { GpuWatch, type GpuWatchOptions } from '../../src/gpu/gpu-watch.ts';

/** A line of the log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly reason?: string;
}

/** Knows two models, which is enough to tell whose name was asked for. */
export function someModels(name: string): GpuModel | null {
  if (name.includes('A100')) return findGpuModel('a100') ?? null;
  return name.includes('RTX 3090') ? (findGpuModel('3090') ?? null) : null;
}

/** A watch that looks only when it is told to, and the lines it logs. */
export function watched(
  nvidiaSmi: string,
  options: Partial<GpuWatchOptions> = {},
): { watch: GpuWatch; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const watch = new GpuWatch({
    nvidiaSmi,
    kernelLog: null,
    modelOf: someModels,
    isBusy: () => false,
    log,
    ...options,
  });
  return { watch, lines };
}
