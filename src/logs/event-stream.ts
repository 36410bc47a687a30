import { setTimeout } from 'node:timers/promises';
import { formatLineId } from './line-id.ts';
import type { LogEvent } from './log-event.ts';
import { Merge } from './merge.ts';

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
 * The body of a `text/event-stream` (WHATWG HTML, "Server-sent events") of log events. It takes the next event only
 * when its reader wants more. Where the events fail, `onEnd` is told why and the body stays unfinished: the caller
 * breaks the connection.
 */
export function eventStream(
  events: AsyncIterable<LogEvent>,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const { keepAliveMs, onEnd } = options;
  const frames = framesOf(events, keepAliveMs);
  return new ReadableStream<Uint8Array>(
    {
      // Something to send at once: some proxies hold back headers that come without a body.
      start: (controller) => controller.enqueue(Buffer.from(': lines follow\n\n')),
      pull: async (controller) => {
        try {
          const { done, value } = await frames.next();
          if (!done) return controller.enqueue(Buffer.from(encodeFrame(value)));
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
type Frame = LogEvent | { readonly kind: 'keep-alive' };

async function* framesOf(events: AsyncIterable<LogEvent>, keepAliveMs: number): AsyncGenerator<Frame, void> {
  const end = new AbortController();
  const merge = new Merge<Frame | { readonly kind: 'end' }>(() => end.abort());
  merge.add(withEnd(events));
  merge.add(keepAlives(keepAliveMs, end.signal));
  for await (const frame of merge.values()) {
    if (frame.kind === 'end') return;
    yield frame;
  }
}

async function* withEnd(events: AsyncIterable<LogEvent>) {
  yield* events;
  yield { kind: 'end' } as const;
}

async function* keepAlives(ms: number, signal: AbortSignal) {
  for (;;) {
    await setTimeout(ms, undefined, { signal });
    yield { kind: 'keep-alive' } as const;
  }
}

function encodeFrame(frame: Frame): string {
  switch (frame.kind) {
    case 'keep-alive':
      return ': keep-alive\n\n';
    case 'revision':
      return `event: revision\ndata: ${JSON.stringify({ revision: frame.number })}\n\n`;
    case 'line':
      return `event: ${frame.line.stream}\nid: ${formatLineId(frame.id)}\n${encodeData(frame.line.text)}\n\n`;
  }
}

/**
 * A line's text. A carriage return would end the field, so each begins another `data:` field, which a reader gets back
 * as a line feed: of a progress bar that writes over itself, every state is then a line of the event's data.
 */
function encodeData(text: string): string {
  return text
    .split('\r')
    .map((part) => `data: ${part}`)
    .join('\n');
}
