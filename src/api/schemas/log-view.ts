import { z } from '@hono/zod-openapi';
import { formatLineId } from '../../logs/line-id.ts';
import type { LogEvent } from '../../logs/log-event.ts';

/** An event's id, as the stream gives it and `Last-Event-ID` takes it. For the document. */
export const LINE_ID_PATTERN =
  '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{9}Z' +
  '(~([2-9]|[1-9][0-9]{1,8}))?$';

/**
 * One event of a log stream. Under `text/event-stream` a schema tells of each event with its fields, as OpenAPI 3.2 has
 * it in `itemSchema` (section "Server-Sent Event Streams"), which 3.1 doesn't know.
 */
export const LogEventView = z
  .object({
    event: z.enum(['stdout', 'stderr', 'revision']),
    id: z
      .string()
      .optional()
      .openapi({ pattern: LINE_ID_PATTERN, example: '2026-01-02T03:04:05.000000006Z~2' }),
    data: z.string().openapi({ description: 'The line, or `{"revision": 2}`.' }),
  })
  .strict()
  .openapi('LogEvent', {
    description: 'One event of the stream: its fields, read as the HTML standard says.',
  });

/** Shows an event. */
export function logEventView(event: LogEvent): z.output<typeof LogEventView> {
  if (event.kind === 'revision') {
    return { event: 'revision', data: JSON.stringify({ revision: event.number }) };
  }
  const { stream, text } = event.line;
  return { event: stream, id: formatLineId(event.id), data: text };
}
