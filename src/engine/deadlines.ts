/** How long each kind of call to the engine may take, in milliseconds. */
export interface Deadlines {
  /** Version and info. */
  readonly info: number;
  /** List, inspect, the head of a stream. */
  readonly read: number;
  /** Create, start, remove, measuring disks. */
  readonly change: number;
  /** What a stop may take beyond the grace it gives. */
  readonly stopMargin: number;
  /** How long a pull may say nothing. */
  readonly pullStall: number;
  /** nvidia-smi in an instance. */
  readonly gpuProbe: number;
  /** A credential helper's answer. */
  readonly credentialHelper: number;
}

/** What holds where nothing else is asked for. */
export const DEADLINES: Deadlines = {
  info: 5_000,
  read: 10_000,
  change: 60_000,
  stopMargin: 10_000,
  pullStall: 120_000,
  gpuProbe: 5_000,
  credentialHelper: 10_000,
};
