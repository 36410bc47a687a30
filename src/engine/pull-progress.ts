import type { PullAnswer } from './docker-answers.ts';

interface Layer {
  /** Bytes; undefined until the engine tells. */
  total: number | undefined;
  downloaded: number;
  extracted: number;
  done: boolean;
}

/** Adds up what the engine says of each layer to one percentage of a pull. Fetching and unpacking count half each. */
export class PullMeter {
  readonly #layers = new Map<string, Layer>();
  #percent: number | null = null;

  /** Takes one line of the pull; gives 0–100, never less than before, or null while no size is known. */
  take(line: PullAnswer): number | null {
    if (line.id !== undefined) this.#note(line.id, line);
    const percent = this.#measure();
    if (percent !== null) this.#percent = Math.max(this.#percent ?? 0, percent);
    return this.#percent;
  }

  #note(id: string, { status, progressDetail }: PullAnswer): void {
    const layer = this.#layers.get(id) ?? { total: undefined, downloaded: 0, extracted: 0, done: false };
    const { current = 0, total } = progressDetail ?? {};
    switch (status) {
      case 'Pulling fs layer':
      case 'Waiting':
        break;
      case 'Downloading':
        layer.total = total ?? layer.total;
        layer.downloaded = current;
        break;
      case 'Verifying Checksum':
      case 'Download complete':
        layer.downloaded = layer.total ?? 0;
        break;
      case 'Extracting':
        // Newer engines count seconds here, without a total.
        if (total !== undefined) layer.extracted = current;
        break;
      case 'Pull complete':
        layer.done = true;
        break;
      default:
        return;
    }
    this.#layers.set(id, layer);
  }

  // Layers of yet unknown size are taken to be like the known ones: a pull of twelve isn't at 90% after its first three.
  #measure(): number | null {
    const layers = [...this.#layers.values()];
    const known = layers.filter((layer) => layer.total !== undefined || layer.done);
    const bytes = known.reduce((sum, layer) => sum + (layer.total ?? 0), 0);
    if (bytes === 0) return null;
    const done = known.reduce((sum, layer) => sum + doneOf(layer), 0);
    return Math.min(100, Math.floor(((done / bytes) * 100 * known.length) / layers.length));
  }
}

function doneOf(layer: Layer): number {
  const total = layer.total ?? 0;
  return layer.done ? total : Math.min(total, (layer.downloaded + layer.extracted) / 2);
}
