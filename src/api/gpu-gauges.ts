import type { Gpu } from '../domain/gpu.ts';
import type { GpuClaims } from './deps.ts';
import { type Gauge, gaugesOf } from './exposition.ts';

/** What each card has, does and is wanted for. What the driver doesn't say is left out. */
export function gpuGauges(gpus: readonly Gpu[], claims: GpuClaims): Gauge[] {
  const gauge = gaugesOf('berth_gpu', gpus, labelsOf);
  return [
    gauge('memory_total_bytes', 'Memory of the GPU.', ({ memoryBytes }) => memoryBytes),
    gauge('memory_used_bytes', 'Memory in use.', ({ reading }) => reading.memoryUsedBytes),
    gauge('utilization_ratio', 'Share of the time that it computed, 0 to 1.', ({ reading }) =>
      reading.utilization === null ? null : reading.utilization / 100,
    ),
    gauge('temperature_celsius', 'Temperature.', ({ reading }) => reading.temperature),
    gauge('power_watts', 'Power drawn.', ({ reading }) => reading.power),
    gauge('usable', '1: it can be given to a container; 0: it is lost or does not answer.', ({ state }) =>
      state.kind === 'usable' ? 1 : 0,
    ),
    gauge('holders', 'How many containers hold it.', ({ uuid }) => claims.holders(uuid).length),
    gauge('waiting', 'How many containers wait for it.', ({ uuid }) => claims.waiting(uuid).length),
  ];
}

function labelsOf({ uuid, index, name, model }: Gpu) {
  return { uuid, index: String(index), name, model: model?.name ?? '' };
}
