import type { EventSourceMessage } from 'eventsource-parser';
import { type StreamOptions, streamEvents } from './event-stream.ts';
import type { Transport } from './transport.ts';
import type { LogEvent, LogQuery } from './wire.ts';

/** Which lines, and how a dropped connection is taken. */
export interface LogOptions extends LogQuery, StreamOptions {}

/** A container's log as events, over dropped connections. Throws as streamEvents does. */
export async function* streamLogs(
  transport: Transport,
  path: string,
  options: LogOptions,
): AsyncGenerator<LogEvent> {
  const { follow, tail, since, revision } = options;
  const query = { follow, tail, since, revision };
  for await (const message of streamEvents(transport, { path, query }, options)) {
    const event = toLogEvent(message);
    if (event !== undefined) yield event;
  }
}

/** Undefined for an event of a kind that this client doesn't know: a later berthd may send more. */
function toLogEvent({ event, id = '', data }: EventSourceMessage): LogEvent | undefined {
  if (event === 'stdout' || event === 'stderr') return { kind: event, id, line: data };
  return event === 'revision' ? toRevision(data) : undefined;
}

function toRevision(data: string): LogEvent {
  const { revision }: { revision: number } = JSON.parse(data);
  return { kind: 'revision', revision };
}
