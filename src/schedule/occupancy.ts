import type { Gpu, GpuHolding, GpuNeed } from '../domain/gpu.ts';

/** Who is on which device, and whether there is room for one more. */
export class Occupancy {
  readonly #byGpu = new Map<string, GpuHolding[]>();

  constructor(holdings: readonly GpuHolding[]) {
    for (const holding of holdings) this.add(holding);
  }

  add(holding: GpuHolding): void {
    for (const gpu of holding.gpus) this.#byGpu.set(gpu, [...this.on(gpu), holding]);
  }

  /** The holdings on a device. */
  on(gpu: string): readonly GpuHolding[] {
    return this.#byGpu.get(gpu) ?? [];
  }

  /** Whether a need fits on a device beside everyone else; `apart` leaves one container's own holdings out of account. */
  hasRoom(gpu: Gpu, need: GpuNeed, apart: string | null): boolean {
    const others = this.on(gpu.uuid).filter(({ containerId }) => containerId !== apart);
    if (need.memoryBytes === null) return others.length === 0;
    return need.memoryBytes <= roomLeft(gpu, others);
  }

  /** Bytes that nobody reserved on a device; 0 where it is held whole, or its memory is unknown. */
  room(gpu: Gpu): number {
    return roomLeft(gpu, this.on(gpu.uuid));
  }
}

function roomLeft(gpu: Gpu, holdings: readonly GpuHolding[]): number {
  if (gpu.memoryBytes === null) return 0;
  const containers = Map.groupBy(holdings, ({ containerId }) => containerId);
  return [...containers.values()].reduce((left, own) => left - reservedBy(own), gpu.memoryBytes);
}

/** What one container's holdings take of a device: those that take each other's place count once. */
function reservedBy(own: readonly GpuHolding[]): number {
  const bytes = ({ memoryBytes }: GpuHolding) => memoryBytes ?? Number.POSITIVE_INFINITY;
  const [apart, beside] = [own.filter(({ handover }) => handover), own.filter(({ handover }) => !handover)];
  return Math.max(
    beside.reduce((sum, holding) => sum + bytes(holding), 0),
    ...apart.map(bytes),
  );
}
