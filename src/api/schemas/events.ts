import { z } from '@hono/zod-openapi';
import { EVENT_KINDS, type RecordedEvent } from '../../domain/event.ts';
import type { FeedItem } from '../event-feed.ts';
import { follow, lastEventId, tail } from './streams.ts';

/** 0 is before the first. */
const ID_PATTERN = '^(0|[1-9][0-9]{0,14})$';

/** The header with which a reader of events goes on where it was. */
export const LastEventId = lastEventId(
  (text) => (new RegExp(ID_PATTERN).test(text) ? Number(text) : undefined),
  {
    pattern: ID_PATTERN,
    example: '1042',
    description: 'Go on after this event; `tail` then does not count.',
  },
);

/** Which events to stream. */
export const EventQuery = z.object({
  follow: follow('Go on with what happens from now on.'),
  tail: tail('How many of the past events to begin with'),
  container: z
    .string('must be the id of one container')
    .optional()
    .transform((id) => id ?? null)
    .openapi({
      type: 'string',
      format: 'uuid',
      description: 'Only the events of this container, which may be deleted meanwhile.',
      param: { in: 'query', required: false },
    }),
});

/** Something that happened to a container or a GPU, as the API shows it. */
export const EventView = z
  .object({
    id: z.int().min(1).openapi({ description: 'Grows from one event to the next.' }),
    date: z.iso
      .datetime()
      .openapi({ example: '2026-01-02T03:04:05.678Z', description: 'With milliseconds.' }),
    kind: z.enum(EVENT_KINDS),
    containerID: z.uuid().nullable().openapi({ description: 'Null where it is about the machine.' }),
    name: z.string().nullable().openapi({ description: "The container's name then." }),
    revisionNumber: z.int().min(1).nullable(),
    reason: z.string().nullable().openapi({ description: 'Why, for a person.' }),
    gpus: z.array(z.string()).openapi({ description: 'Which GPUs, by uuid.' }),
    createdBy: z.string().nullable().openapi({ description: 'Whose container it is.' }),
  })
  .strict()
  .openapi('Event');

/** Events that are kept no more, as the API shows them. */
export const EventGapView = z
  .object({ from: z.int().min(1), to: z.int().min(1) })
  .strict()
  .openapi('EventGap', { description: 'Events with these ids are kept no more; some may have been yours.' });

/** One event of the stream, with its fields; as log-view.ts has it of a log. */
export const EventMessageView = z
  .object({
    event: z.enum([...EVENT_KINDS, 'gap']),
    id: z.string().openapi({ pattern: ID_PATTERN, example: '1042' }),
    data: z.string().openapi({ description: 'JSON: an `Event`, or with `gap` an `EventGap`.' }),
  })
  .strict()
  .openapi('EventMessage', {
    description: 'One event of the stream: its fields, read as the HTML standard says.',
  });

/** Shows what a stream says next. After a gap a reader goes on behind it. */
export function eventMessageView(item: FeedItem): z.output<typeof EventMessageView> {
  if (item.kind === 'gap') {
    const gap: z.output<typeof EventGapView> = { from: item.from, to: item.to };
    return { event: 'gap', id: String(item.to), data: JSON.stringify(gap) };
  }
  const { id, kind } = item.event;
  return { event: kind, id: String(id), data: JSON.stringify(eventView(item.event)) };
}

function eventView(event: RecordedEvent): z.output<typeof EventView> {
  return {
    id: event.id,
    date: event.at.toISOString(),
    kind: event.kind,
    containerID: event.containerId,
    name: event.name,
    revisionNumber: event.revision,
    reason: event.reason,
    gpus: [...event.gpus],
    createdBy: event.owner,
  };
}
