import { z } from '@hono/zod-openapi';
import type { Gpu as Device } from '../../domain/gpu.ts';
import { isGpuWord } from '../../domain/gpu-match.ts';
import { GPU_MODELS } from '../../domain/gpu-model.ts';
import { saying } from './texts.ts';

const MAX_GPUS = 64;
/** More than anybody chooses among, and few enough to be told back. */
const MAX_WISHES = 100;
const GPU = `must be a whole number from 0 to ${MAX_GPUS}`;

/** How many GPUs. */
export const Gpu = z.int(saying(GPU)).min(0, GPU).max(MAX_GPUS, GPU).openapi({
  example: 0,
  description: 'How many GPUs, all of one model. At most what the machine has (422).',
});

const MODEL =
  'must be a code or a name from /v1/gpu-models, such as "a100", or the name of a card from /v1/gpus';

/** What GPUs this machine has: their own names are words too. */
export interface GpuRules {
  readonly gpus: { latest(): { readonly gpus: readonly Device[] } };
}

/** Models that will do, by code or name in any case, or by a card's own name. None is the same as not asking. */
export function desiredGpus({ gpus }: GpuRules) {
  const word = z
    .string(saying(MODEL))
    .refine((text) => isGpuWord(text, gpus.latest().gpus), MODEL)
    .openapi({
      anyOf: [
        { type: 'string', enum: GPU_MODELS.flatMap(({ code, name }) => [code, name]) },
        { type: 'string', description: 'The `name` of a card from /v1/gpus.' },
      ],
    });
  return z
    .array(word, saying('must be a list of GPU models, or null'))
    .max(MAX_WISHES, `must have at most ${MAX_WISHES} entries`)
    .nullable()
    .transform((words) => (words === null || words.length === 0 ? null : words))
    .openapi({
      description:
        'Codes or names from /v1/gpu-models, or names of cards from /v1/gpus, in any case. All GPUs of a container are of ' +
        'one model, any of these; one that is named first is taken first. None of them in this machine: 422. How many is ' +
        'for `gpu` to say: with 0 this has no effect.',
      example: [],
    });
}

/** One entry of the catalogue. */
export const GpuModelView = z
  .object({
    code: z.string().openapi({ example: 'h100' }),
    name: z.string().openapi({ example: 'Nvidia h100' }),
  })
  .strict()
  .openapi('GpuModel');
