import { z } from '@hono/zod-openapi';
import type { PageRequest } from '../../store/containers.ts';

const MAX_ROWS = 1000;
/** Enough for every list, and rows before it are still a safe integer. */
const MAX_PAGE = 2 ** 31 - 1;

function wholeNumber(max: number, standard: number, description: string) {
  const wrong = `must be one whole number from 1 to ${max}`;
  return z
    .string(wrong)
    .regex(/^[0-9]{1,10}$/, { error: wrong, abort: true })
    .transform(Number)
    .refine((number) => number >= 1 && number <= max, wrong)
    .optional()
    .transform((number) => number ?? standard)
    .openapi({
      type: 'integer',
      minimum: 1,
      maximum: max,
      default: standard,
      description,
      param: { in: 'query', required: false },
    });
}

/** Which page of a list: `page` and `rows`. */
export function pageQuery(rows = 10) {
  return z.object({
    page: wholeNumber(MAX_PAGE, 1, 'From 1.'),
    rows: wholeNumber(MAX_ROWS, rows, 'How many on a page.'),
  });
}

/** The envelope of every list. */
export function pageView<Item extends z.ZodType>(name: string, item: Item) {
  return z
    .object({
      items: z.array(item),
      total: z.int().min(0).openapi({ description: 'How many there are on all pages.' }),
      page: z.int().min(1),
      rowsPerPage: z.int().min(1).max(MAX_ROWS),
    })
    .strict()
    .openapi(name);
}

/** Puts a page's entries in the envelope. */
export function envelope<Item>(items: Item[], total: number, { page, rows }: PageRequest) {
  return { items, total, page, rowsPerPage: rows };
}
