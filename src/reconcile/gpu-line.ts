import type { GpuHolding, GpuInventory } from '../domain/gpu.ts';
import type { GpuRequest } from '../schedule/request.ts';
import { waitingWords } from '../schedule/waiting-words.ts';
import type { GpuBooks } from '../store/gpus.ts';

/** Who waits for GPUs as of the last look, in order, and what each is told. Never changed: each look makes another. */
export class GpuLine {
  readonly #requests: readonly GpuRequest[];
  readonly #words: ReadonlyMap<GpuRequest, string>;

  constructor(requests: readonly GpuRequest[], words: (request: GpuRequest) => string) {
    this.#requests = requests;
    this.#words = new Map(requests.map((request) => [request, words(request)]));
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0;
  }

  /** What the waiting revisions of a container are told, by number. */
  wordsOf(containerId: string): ReadonlyMap<number, string> {
    const own = this.#requests.filter((request) => request.containerId === containerId);
    return new Map(own.map((request) => [request.revision, this.#words.get(request) ?? '']));
  }

  /** What one revision is told; null where it doesn't wait. */
  wordsFor(containerId: string, revision: number): string | null {
    return this.wordsOf(containerId).get(revision) ?? null;
  }

  /** The containers that wait for a device, in order. */
  waitingFor(uuid: string): readonly string[] {
    const waiting = this.#requests.filter(({ uuids }) => uuids.has(uuid));
    return [...new Set(waiting.map(({ containerId }) => containerId))];
  }

  /** The containers that are told something else than before. */
  changedSince(before: GpuLine): readonly string[] {
    const [now, then] = [this.#told(), before.#told()];
    const changed = [...new Map([...then, ...now])].filter(([key]) => now.get(key) !== then.get(key));
    return [...new Set(changed.map(([key]) => key.slice(0, key.indexOf(' '))))];
  }

  #told(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#words].map(([{ containerId, revision }, words]) => [`${containerId} ${revision}`, words]),
    );
  }
}

/** The line after a look, with what everybody in it is told. */
export function lineAfter(
  requests: readonly GpuRequest[],
  { books, grants, inventory }: { books: GpuBooks; grants: readonly GpuHolding[]; inventory: GpuInventory },
): GpuLine {
  const around = {
    line: requests,
    holdings: [...books.holdings, ...grants],
    reason: inventory.reason,
  };
  return new GpuLine(requests, (request) => waitingWords(request, around));
}
