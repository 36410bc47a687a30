import { z } from '@hono/zod-openapi';
import { MIN_RAM_BYTES } from '../../domain/container-spec.ts';
import { parseDuration } from '../../domain/duration.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import { durationPattern, MEBIBYTES_PATTERN, RAM_PATTERN, STORAGE_PATTERN } from './amount-patterns.ts';
import { saying } from './texts.ts';

/** Docker's unit of CPU time: a billionth of a core. */
const NANO = 1e9;
/** Less than this the kernel's scheduler can't give (1 ms in each 100 ms). */
const MIN_CPU = 0.01;
const MAX_CPU = 4096;

const MIB = 1024 ** 2;

const CPU = `must be a number of cores from ${MIN_CPU} to ${MAX_CPU}, such as 0.5 or 2`;

/** Cores; fractions allowed. */
export const Cpu = z
  .number(saying(CPU))
  .min(MIN_CPU, CPU)
  .max(MAX_CPU, CPU)
  .transform((cores) => Math.round(cores * NANO) / NANO)
  .openapi({ example: 1, description: 'Cores; fractions allowed. At most what the machine has (422).' });

function quantity(
  { example, description, pattern }: { example: string; description: string; pattern: string },
  minBytes: number,
  tooSmall: string,
) {
  const wrong = `must be a quantity of bytes, such as "${example}": digits and perhaps Ki, Mi, Gi, Ti, k, M, G or T`;
  return z
    .string(saying(wrong))
    .transform((text, context) => {
      const parsed = parseQuantity(text);
      if (parsed !== undefined && parsed.bytes >= minBytes) return parsed;
      context.addIssue(parsed === undefined ? wrong : tooSmall);
      return z.NEVER;
    })
    .openapi({ type: 'string', pattern, example, description });
}

/** Memory. */
export const Ram = quantity(
  {
    example: '512Mi',
    description: 'Memory, at least 6Mi, at most what the machine has (422).',
    pattern: RAM_PATTERN,
  },
  MIN_RAM_BYTES,
  'must be at least 6Mi: Docker starts nothing with less',
);

/** How much of each card's memory a container reserves. */
export const GpuMemory = quantity(
  {
    example: '8Gi',
    description:
      'Shares each card with others by this much reserved memory, at least 1Mi, at most what the card has (422). It is ' +
      'accounting: nothing stops a program from taking more. Null takes cards whole. Given without a GPU: 400; kept from ' +
      'before, it has no effect then.',
    pattern: MEBIBYTES_PATTERN,
  },
  MIB,
  'must be at least 1Mi',
)
  .nullable()
  // With the other fields' examples, a GPU not among them, an amount would be refused.
  .openapi({ type: ['string', 'null'], example: null });

/** How large /dev/shm is. */
export const ShmSize = quantity(
  {
    example: '1Gi',
    description:
      'Size of /dev/shm, at least 1Mi, at most the machine’s memory (422). Null means 64Mi, and 1Gi with a GPU. What lies ' +
      'in it counts as memory.',
    pattern: MEBIBYTES_PATTERN,
  },
  MIB,
  'must be at least 1Mi',
)
  .nullable()
  .openapi({ type: ['string', 'null'] });

/** How much a container may write besides its volumes. */
export const EphemeralStorage = quantity(
  {
    example: '10Gi',
    description: 'What the container may write outside its volumes.',
    pattern: STORAGE_PATTERN,
  },
  1,
  'must be more than 0',
);

/** How long: "90s", "10m", "1h30m", within bounds in milliseconds. */
export function duration(example: string, minMs: number, maxMs: number, bounds: string) {
  const wrong = `must be a duration ${bounds}, such as "${example}"`;
  return z
    .string(saying(wrong))
    .transform((text, context) => {
      const parsed = parseDuration(text);
      if (parsed !== undefined && parsed.ms >= minMs && parsed.ms <= maxMs) return parsed;
      context.addIssue(wrong);
      return z.NEVER;
    })
    .openapi({ type: 'string', pattern: durationPattern(minMs, maxMs), example });
}
