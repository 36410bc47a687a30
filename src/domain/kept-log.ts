import type { LogLine } from './log-line.ts';

/** The end of the log of a revision that failed, kept beyond its instance so that its owner can see what went wrong. */
export interface KeptLog {
  readonly containerId: string;
  readonly revision: number;
  /** The engine's id of the instance that wrote it. */
  readonly instanceId: string;
  readonly endedAt: Date;
  readonly lines: readonly LogLine[];
}
