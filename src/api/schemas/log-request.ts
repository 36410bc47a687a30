import { z } from '@hono/zod-openapi';
import { type LineId, parseLineId } from '../../logs/line-id.ts';
import { MAX_TAIL } from '../../logs/log-event.ts';
import { parseSince } from '../../logs/timestamp.ts';
import { SINCE_PATTERN } from './amount-patterns.ts';
import { LINE_ID_PATTERN } from './log-view.ts';

/** The header with which a reader goes on where it was. */
export const LastEventId = z
  .string()
  .optional()
  .transform((text, context): LineId | null => {
    if (text === undefined || text === '') return null;
    const id = parseLineId(text);
    if (id !== undefined) return id;
    context.addIssue("must be an event's id, as the stream gave it");
    return z.NEVER;
  })
  .openapi({
    type: 'string',
    // An empty one is none.
    pattern: LINE_ID_PATTERN.replace(/^\^(.*)\$$/, '^($1)?$'),
    example: '2026-01-02T03:04:05.000000006Z~2',
    description: 'Go on after this event; `tail` and `since` then do not count.',
    param: { in: 'header', required: false },
  });

const REVISION = 'must be the number of a revision';
const SINCE = 'must be a time such as "2026-01-02T03:04:05Z", Unix seconds, or a duration such as "10m"';
const TAIL_PATTERN = new RegExp(`^(all|[0-9]{1,5}|${MAX_TAIL})$`);
const TAIL = `must be "all" or one whole number from 0 to ${MAX_TAIL}`;

/** The query of a log stream; `now` is what durations are counted back from. */
export function logQuery(now: () => Date) {
  return z.object({
    follow: z
      .enum(['true', 'false'], 'must be true or false')
      .default('true')
      .transform((text) => text === 'true')
      .openapi({
        type: 'boolean',
        default: true,
        description: 'Go on with what is written from now on.',
        param: { in: 'query', required: false },
      }),
    tail: z
      .string(TAIL)
      .regex(TAIL_PATTERN, { error: TAIL, abort: true })
      .transform((text) => (text === 'all' ? text : Number(text)))
      .default(100)
      .openapi({
        type: 'string',
        pattern: TAIL_PATTERN.source,
        default: '100',
        description: `How many of the last lines to begin with: 0 to ${MAX_TAIL}, or all.`,
        param: { in: 'query', required: false },
      }),
    since: z
      .string(SINCE)
      .optional()
      .transform((text, context) => {
        if (text === undefined) return null;
        const since = parseSince(text, now());
        if (since !== undefined) return since;
        context.addIssue(SINCE);
        return z.NEVER;
      })
      .openapi({
        type: 'string',
        pattern: SINCE_PATTERN,
        example: '10m',
        description: 'Only lines of this time or later: RFC 3339, Unix seconds, or so long ago.',
        param: { in: 'query', required: false },
      }),
    revision: z
      .string(REVISION)
      .regex(/^[1-9][0-9]{0,8}$/, REVISION)
      .transform(Number)
      .optional()
      .transform((number) => number ?? null)
      .openapi({
        type: 'integer',
        minimum: 1,
        maximum: 999_999_999,
        description: "Only this revision's lines; the one that serves where absent.",
        param: { in: 'query', required: false },
      }),
  });
}
