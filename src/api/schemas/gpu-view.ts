import { z } from '@hono/zod-openapi';
import type { Gpu } from '../../domain/gpu.ts';
import type { GpuClaims } from '../deps.ts';

const Ids = z.array(z.uuid());

/** A GPU of this machine as the API shows it. */
export const GpuView = z
  .object({
    uuid: z.string().openapi({ example: 'GPU-4d7b2a53-6c1f-0b9a-5e2d-8f1c3a7e9b04' }),
    index: z.int().min(0).openapi({ description: "The driver's number; of a MIG instance its card's." }),
    name: z.string().openapi({
      description: 'As the driver says it; of a MIG instance with its profile. `desiredGPUs` takes it.',
      example: 'NVIDIA A100-SXM4-40GB',
    }),
    code: z.string().nullable().openapi({ description: 'In /v1/gpu-models; null when unknown there.' }),
    model: z.string().nullable().openapi({ description: 'Its name in /v1/gpu-models.' }),
    memoryTotal: z.int().nullable().openapi({ description: "Bytes; null where the driver doesn't say." }),
    memoryUsed: z.int().nullable().openapi({ description: 'Bytes, by whatever program.' }),
    utilization: z.number().min(0).max(100).nullable().openapi({ description: 'Percent.' }),
    temperature: z.number().nullable().openapi({ description: 'Degrees Celsius.' }),
    power: z.number().nullable().openapi({ description: 'Watts.' }),
    holders: Ids.openapi({
      description:
        'Containers that have it, all or a share; also a deleted one until its last process is gone.',
    }),
    waiting: Ids.openapi({ description: 'Containers that wait for it, in the order of their turns.' }),
    state: z.enum(['usable', 'lost', 'unknown']).openapi({
      description:
        'A lost one is off the bus or needs a reset, of an unknown one the driver tells nothing now: neither is given out.',
    }),
    stateReason: z
      .string()
      .nullable()
      .openapi({ description: 'Why it is not usable, for a person; else null.' }),
  })
  .strict()
  .openapi('Gpu');

/** Shows a GPU. */
export function gpuView(gpu: Gpu, claims: GpuClaims): z.output<typeof GpuView> {
  const { uuid, index, name, model, memoryBytes, reading, state } = gpu;
  return {
    uuid,
    index,
    name,
    code: model?.code ?? null,
    model: model?.name ?? null,
    memoryTotal: memoryBytes,
    memoryUsed: reading.memoryUsedBytes,
    utilization: reading.utilization,
    temperature: reading.temperature,
    power: reading.power,
    holders: [...claims.holders(uuid)],
    waiting: [...claims.waiting(uuid)],
    state: state.kind,
    stateReason: state.kind === 'usable' ? null : state.reason,
  };
}
