/** How one Docker container of ours is doing. */
export type InstanceState =
  | { readonly kind: 'created' }
  | { readonly kind: 'running'; readonly startedAt: Date }
  | {
      readonly kind: 'exited';
      readonly exitCode: number;
      readonly outOfMemory: boolean;
      readonly finishedAt: Date;
    }
  /** The engine is taking it away, or failed to. */
  | { readonly kind: 'dead' };

/** One Docker container that runs a revision, as the engine tells it. */
export interface Instance {
  /** The engine's id. */
  readonly id: string;
  readonly containerId: string;
  readonly revision: number;
  /** Its address on berth's network; null when it has none at present. */
  readonly address: string | null;
  /** The GPUs that it was made with, by uuid. */
  readonly gpus: readonly string[];
  readonly state: InstanceState;
}
