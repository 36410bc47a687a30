/**
 * Tells when a container should be looked at again: another revision serves, an instance was made, started, exited or
 * is gone, the container was deleted. It says that something changed, never what.
 */
export interface ContainerChanges {
  /** From this call on no change of that container is missed. Subscribe first, then look, then wait. */
  subscribe(containerId: string): ChangeSubscription;
}

/** One listener of one container's changes. Disposing ends it. */
export interface ChangeSubscription extends Disposable {
  /**
   * Resolves once something changed since `subscribe`, or since it resolved last; at once where that is so already.
   * May resolve without a change: every tick of the reconciler should, so that a lost event delays a reader and never
   * strands it. Rejects with the signal's reason when that aborts.
   */
  next(signal: AbortSignal): Promise<void>;
}
