import type { Container, Status } from '../domain/container.ts';
import { type Gauge, gaugesOf } from './exposition.ts';

const STATUSES: readonly Status[] = ['deployed', 'deploying', 'failed'];

/** How each container is doing, and what it may have. `gpusHeld` tells how many GPUs a container holds, by its id. */
export function containerGauges(containers: readonly Container[], gpusHeld: (id: string) => number): Gauge[] {
  const gauge = gaugesOf('berth_container', containers, labelsOf);
  return [
    {
      name: 'berth_container_status',
      help: '1 for the status that the container has, 0 for the others.',
      samples: containers.flatMap((container) =>
        STATUSES.map((status) => ({
          labels: { ...labelsOf(container), status },
          value: container.status === status ? 1 : 0,
        })),
      ),
    },
    gaugesOf('berth_container', containers, infoOf)(
      'info',
      'Always 1; the labels tell of the latest revision.',
      () => 1,
    ),
    gauge('cpu_limit_cores', 'Cores that it may use.', ({ latest }) => latest.spec.cpu),
    gauge('memory_limit_bytes', 'Memory that it may use.', ({ latest }) => latest.spec.ram.bytes),
    gauge('gpus_wanted', 'How many GPUs it asks for.', ({ latest }) => latest.spec.gpu),
    gauge('gpus', 'How many GPUs it holds.', ({ id }) => gpusHeld(id)),
    gauge(
      'gpu_memory_reserved_bytes',
      'Memory that it reserves on each of its GPUs, which it shares.',
      ({ latest }) => latest.spec.gpuMemory?.bytes ?? null,
    ),
  ];
}

function labelsOf({ id, latest }: Container) {
  return { id, name: latest.spec.name };
}

function infoOf(container: Container) {
  const { latest, createdBy } = container;
  return {
    ...labelsOf(container),
    image: latest.spec.image.text,
    revision: String(latest.number),
    created_by: createdBy,
  };
}
