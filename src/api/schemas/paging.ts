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

/** The envelope of every list, and what one has `beside` its items. */
export function pageView<Item extends z.ZodType, Beside extends z.ZodRawShape>(
  name: string,
  item: Item,
  beside?: Beside,
) {
  return z
    .object({
      ...beside,
      items: z.array(item),
      total: z.int().min(0).openapi({ description: 'How many there are on all pages.' }),
      page: z.int().min(1),
      rowsPerPage: z.int().min(1).max(MAX_ROWS),
    })
    .strict()
    .openapi(name);
}

/** One page of a list that is held whole. */
export function pageOf<Item>(all: readonly Item[], { page, rows }: PageRequest): Item[] {
  return all.slice((page - 1) * rows, page * rows);
}

/** Puts a page's entries in the envelope. */
export function envelope<Item>(items: Item[], total: number, { page, rows }: PageRequest) {
  return { items, total, page, rowsPerPage: rows };
}
