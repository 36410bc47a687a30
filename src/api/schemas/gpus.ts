import { z } from '@hono/zod-openapi';
import { findGpuModel, GPU_MODELS } from '../../domain/gpu-model.ts';
import { saying } from './texts.ts';

const MAX_GPUS = 64;
const GPU = `must be a whole number from 0 to ${MAX_GPUS}`;

/** How many GPUs. */
export const Gpu = z
  .int(saying(GPU))
  .min(0, GPU)
  .max(MAX_GPUS, GPU)
  .openapi({ example: 0, description: 'How many GPUs.' });

const MODEL = 'must be a code or a name from /v1/gpu-models, such as "a100"';

/** Models that will do, by code or name in any case. None is the same as not asking. */
export const DesiredGpus = z
  .array(
    z
      .string(saying(MODEL))
      // ASCII: in lower case the Kelvin sign would be a "k".
      .refine((word) => /^[ -~]*$/.test(word) && findGpuModel(word) !== undefined, MODEL)
      .openapi({ type: 'string', enum: GPU_MODELS.flatMap(({ code, name }) => [code, name]) }),
    saying('must be a list of GPU models, or null'),
  )
  .max(GPU_MODELS.length, `must have at most ${GPU_MODELS.length} entries`)
  .nullable()
  .transform((words) => (words === null || words.length === 0 ? null : words))
  .openapi({
    description: 'Codes or names from /v1/gpu-models in any case; any of them will do.',
    example: [],
  });

/** One entry of the catalogue. */
export const GpuModelView = z
  .object({
    code: z.string().openapi({ example: 'h100' }),
    name: z.string().openapi({ example: 'Nvidia h100' }),
  })
  .strict()
  .openapi('GpuModel');
