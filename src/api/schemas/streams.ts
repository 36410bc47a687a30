import { z } from '@hono/zod-openapi';
import { MAX_TAIL } from '../../logs/log-event.ts';

const TAIL_PATTERN = new RegExp(`^(all|[0-9]{1,5}|${MAX_TAIL})$`);
const TAIL = `must be "all" or one whole number from 0 to ${MAX_TAIL}`;

/** Whether a stream goes on. */
export function follow(description: string) {
  return z
    .enum(['true', 'false'], 'must be true or false')
    .default('true')
    .transform((text) => text === 'true')
    .openapi({ type: 'boolean', default: true, description, param: { in: 'query', required: false } });
}

/** How much of what has been a stream begins with. */
export function tail(description: string) {
  return z
    .string(TAIL)
    .regex(TAIL_PATTERN, { error: TAIL, abort: true })
    .transform((text) => (text === 'all' ? text : Number(text)))
    .default(100)
    .openapi({
      type: 'string',
      pattern: TAIL_PATTERN.source,
      default: '100',
      description: `${description}: 0 to ${MAX_TAIL}, or all.`,
      param: { in: 'query', required: false },
    });
}

/** The header with which a reader goes on where it was; null where there is none. `parse` refuses with undefined. */
export function lastEventId<Id>(
  parse: (text: string) => Id | undefined,
  { pattern, ...documented }: { pattern: string; example: string; description: string },
) {
  return z
    .string()
    .optional()
    .transform((text, context): Id | null => {
      if (text === undefined || text === '') return null;
      const id = parse(text);
      if (id !== undefined) return id;
      context.addIssue("must be an event's id, as the stream gave it");
      return z.NEVER;
    })
    .openapi({
      type: 'string',
      // An empty one is none.
      pattern: pattern.replace(/^\^(.*)\$$/, '^($1)?$'),
      ...documented,
      param: { in: 'header', required: false },
    });
}
