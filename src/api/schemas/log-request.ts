import { z } from '@hono/zod-openapi';
import { parseLineId } from '../../logs/line-id.ts';
import { parseSince } from '../../logs/timestamp.ts';
import { SINCE_PATTERN } from './amount-patterns.ts';
import { LINE_ID_PATTERN } from './log-view.ts';
import { follow, lastEventId, tail } from './streams.ts';

/** The header with which a reader of a log goes on where it was. */
export const LastEventId = lastEventId(parseLineId, {
  pattern: LINE_ID_PATTERN,
  example: '2026-01-02T03:04:05.000000006Z~2',
  description: 'Go on after this event; `tail` and `since` then do not count.',
});

const REVISION = 'must be the number of a revision';
const SINCE = 'must be a time such as "2026-01-02T03:04:05Z", Unix seconds, or a duration such as "10m"';

/** The query of a log stream; `now` is what durations are counted back from. */
export function logQuery(now: () => Date) {
  return z.object({
    follow: follow('Go on with what is written from now on.'),
    tail: tail('How many of the last lines to begin with'),
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
