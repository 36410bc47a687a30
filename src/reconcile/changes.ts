import { once } from 'node:events';

/** One listener of one container's changes. */
class Subscription implements Disposable {
  readonly #word = new EventTarget();
  readonly #leave: (self: Subscription) => void;
  #changed = false;

  constructor(leave: (self: Subscription) => void) {
    this.#leave = leave;
  }

  /** Resolves once something changed since the subscription began, or since this resolved last. */
  async next(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#changed) await once(this.#word, 'change', { signal });
    this.#changed = false;
  }

  tell(): void {
    this.#changed = true;
    this.#word.dispatchEvent(new Event('change'));
  }

  [Symbol.dispose](): void {
    this.#leave(this);
  }
}

/** Tells those who wait that a container should be looked at again: its record or its instances changed, or it is gone. */
export class Changes {
  readonly #subscriptions = new Map<string, Set<Subscription>>();

  /** From this call on no change of the container is missed, until the subscription is disposed of. */
  subscribe(containerId: string): Subscription {
    const subscriptions = this.#subscriptions.get(containerId) ?? new Set();
    this.#subscriptions.set(containerId, subscriptions);
    const subscription = new Subscription((self) => {
      subscriptions.delete(self);
      if (subscriptions.size === 0 && this.#subscriptions.get(containerId) === subscriptions) {
        this.#subscriptions.delete(containerId);
      }
    });
    subscriptions.add(subscription);
    return subscription;
  }

  /** Says that a container changed, or may have. */
  notify(containerId: string): void {
    for (const subscription of [...(this.#subscriptions.get(containerId) ?? [])]) subscription.tell();
  }
}
