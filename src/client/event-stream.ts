import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { ApiProblem, Unreachable, unreachable } from './problem.ts';
import { type ApiRequest, openStream, type Transport } from './transport.ts';

/** How a dropped connection is taken. */
export interface StreamOptions {
  readonly signal?: AbortSignal;
  /** Called before each wait for a new connection, with what went wrong and the wait in milliseconds. */
  readonly onReconnect?: (error: Error, waitMs: number) => void;
}

// berthd sends a comment every 15 s: three missing ones mean that nobody is there any more.
const QUIET_LIMIT_MS = 50_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

/** What a stream is asked for. */
export type StreamRequest = Pick<ApiRequest, 'path' | 'query'>;

/**
 * The events of a stream. A connection that drops after it once stood is opened again, from the last event seen and
 * with a growing wait; a refusal, and a first connection that fails, are thrown. Ends when what it tells of is gone.
 */
export async function* streamEvents(
  transport: Transport,
  request: StreamRequest,
  options: StreamOptions,
): AsyncGenerator<EventSourceMessage> {
  let lastEventId = '';
  let failures = 0;
  let connected = false;
  const onOpen = () => {
    connected = true;
  };
  while (true) {
    try {
      for await (const message of connection(transport, request, options.signal, lastEventId, onOpen)) {
        failures = 0;
        if (message.id !== undefined) lastEventId = message.id;
        yield message;
      }
      // An end in order: there is nothing more to come. A berthd that goes away breaks the connection instead.
      return;
    } catch (error) {
      if (options.signal?.aborted) return;
      if (!connected) throw error;
      if (isGone(error)) return;
      if (!isPassing(error)) throw error;
      const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++);
      options.onReconnect?.(error, waitMs);
      await pause(waitMs, options.signal);
    }
  }
}

/** The events of one connection. Ends when the server ends it; throws Unreachable when it breaks or falls silent. */
async function* connection(
  transport: Transport,
  request: StreamRequest,
  stop: AbortSignal | undefined,
  lastEventId: string,
  onOpen: () => void,
): AsyncGenerator<EventSourceMessage> {
  const closing = new AbortController();
  const signal = stop ? AbortSignal.any([closing.signal, stop]) : closing.signal;
  const quiet = setTimeout(() => closing.abort(), QUIET_LIMIT_MS);
  try {
    const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
    const body = await openStream(transport, { method: 'GET', ...request, headers }, signal);
    onOpen();
    for await (const messages of parsed(body)) {
      quiet.refresh();
      yield* messages;
    }
  } catch (error) {
    if (error instanceof ApiProblem || error instanceof Unreachable || stop?.aborted) throw error;
    throw unreachable(error);
  } finally {
    clearTimeout(quiet);
    closing.abort();
  }
}

/** The events that each chunk of the body completed; none for a comment. */
async function* parsed(body: AsyncIterable<Uint8Array>): AsyncGenerator<EventSourceMessage[]> {
  let messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message) });
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield messages;
    messages = [];
  }
}

/** What was followed was deleted meanwhile. */
function isGone(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 404;
}

/** The connection broke, or a server in front of berthd says that it is away for now. */
function isPassing(error: unknown): error is Error {
  return (
    error instanceof Unreachable || (error instanceof ApiProblem && [502, 503, 504].includes(error.status))
  );
}

/** Waits, or until the signal aborts. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
