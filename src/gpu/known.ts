import type { Gpu, GpuReading, GpuState } from '../domain/gpu.ts';

/** A device that was seen since berthd started, as it is known now. */
export interface KnownDevice {
  readonly gpu: Gpu;
  /** The uuid of its card: its own, or that of the card it is a MIG instance of. */
  readonly card: string;
  /** How many looks in a row have not shown it. */
  readonly missed: number;
  /** It is not lost but taken apart: MIG was switched, or its instance deleted. Then it is forgotten after a while. */
  readonly dissolved: boolean;
}

/** What it does is not known. */
export const NO_READING: GpuReading = {
  memoryUsedBytes: null,
  utilization: null,
  temperature: null,
  power: null,
};

/** The device in another state; what it does is known only while it is usable. */
export function inState(device: KnownDevice, state: GpuState): KnownDevice {
  const reading = state.kind === 'usable' ? device.gpu.reading : NO_READING;
  return { ...device, gpu: { ...device.gpu, state, reading } };
}
