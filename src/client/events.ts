import type { EventSourceMessage } from 'eventsource-parser';
import { type StreamOptions, streamEvents } from './event-stream.ts';
import type { Transport } from './transport.ts';
import type { BerthEvent, EventGap, EventQuery } from './wire.ts';

/** Which events, and how a dropped connection is taken. */
export interface EventOptions extends EventQuery, StreamOptions {}

/** What happens, over dropped connections. Throws as streamEvents does. */
export async function* readEvents(
  transport: Transport,
  options: EventOptions,
): AsyncGenerator<BerthEvent | EventGap> {
  const { follow, tail, container } = options;
  const query = { follow, tail, container };
  for await (const message of streamEvents(transport, { path: '/v1/events', query }, options)) {
    yield toEvent(message);
  }
}

function toEvent({ event, data }: EventSourceMessage): BerthEvent | EventGap {
  if (event === 'gap') {
    const gap: Omit<EventGap, 'kind'> = JSON.parse(data);
    return { kind: 'gap', ...gap };
  }
  const happened: BerthEvent = JSON.parse(data);
  return happened;
}
