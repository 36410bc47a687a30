import { setTimeout } from 'node:timers/promises';
import { Merge } from '../logs/merge.ts';

/** One event as it goes over the wire (WHATWG HTML, "Server-sent events"). */
export interface ServerSentEvent {
  readonly event: string;
  /** What a reader sends as `Last-Event-ID` to go on after it; without one the last id stays. */
  readonly id?: string | undefined;
  readonly data: string;
}

/** How to run an event stream. */
export interface EventStreamOptions {
  /** Milliseconds between two comments. */
  readonly keepAliveMs: number;
  /**
   * Called when the stream is over: read to its end, left by its reader, or failed with that error. It must abort the
   * signal that the events were made with; perhaps called twice.
   */
  readonly onEnd: (error?: unknown) => void;
}

/**
 * The body of a `text/event-stream`. It takes the next event only when its reader wants more. Where the events fail,
 * `onEnd` is told why and the body stays unfinished: the caller breaks the connection.
 */
export function eventStream(
  events: AsyncIterable<ServerSentEvent>,
  { keepAliveMs, onEnd }: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const frames = framesOf(events, keepAliveMs);
  return new ReadableStream<Uint8Array>(
    {
      // Something to send at once: some proxies hold back headers that come without a body.
      start: (controller) => controller.enqueue(Buffer.from(': events follow\n\n')),
      pull: async (controller) => {
        try {
          const { done, value } = await frames.next();
          if (!done) return controller.enqueue(Buffer.from(value));
          controller.close();
          onEnd();
        } catch (error) {
          onEnd(error);
        }
      },
      cancel: async () => {
        onEnd();
        await frames.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** What goes over the wire: events, and comments that keep the connection. */
async function* framesOf(
  events: AsyncIterable<ServerSentEvent>,
  keepAliveMs: number,
): AsyncGenerator<string, void> {
  const end = new AbortController();
  const merge = new Merge<string | null>(() => end.abort());
  merge.add(encoded(events));
  merge.add(keepAlives(keepAliveMs, end.signal));
  for await (const frame of merge.values()) {
    if (frame === null) return;
    yield frame;
  }
}

/** Each event's frame, and null at the end. */
async function* encoded(events: AsyncIterable<ServerSentEvent>) {
  for await (const event of events) yield encodeFrame(event);
  yield null;
}

async function* keepAlives(ms: number, signal: AbortSignal) {
  for (;;) {
    await setTimeout(ms, undefined, { signal });
    yield ': keep-alive\n\n';
  }
}

/**
 * A line break would end the field, so each begins another `data:` field, which a reader gets back as a line feed: of a
 * progress bar that writes over itself, every state is then a line of the event's data.
 */
function encodeFrame({ event, id, data }: ServerSentEvent): string {
  const fields = [
    `event: ${event}`,
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...data.split(/[\r\n]/).map((part) => `data: ${part}`),
  ];
  return `${fields.join('\n')}\n\n`;
}
