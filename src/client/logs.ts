import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { ApiProblem, Unreachable, unreachable } from './problem.ts';
import { openStream, type Transport } from './transport.ts';
import type { LogEvent, LogQuery } from './wire.ts';

/** Which lines, and how a dropped connection is taken. */
export interface LogOptions extends LogQuery {
  readonly signal?: AbortSignal;
  /** Called before each wait for a new connection, with what went wrong and the wait in milliseconds. */
  readonly onReconnect?: (error: Error, waitMs: number) => void;
}

// berthd sends a comment every 15 s: three missing ones mean that nobody is there any more.
const QUIET_LIMIT_MS = 50_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;

/**
 * A container's log as events. A connection that drops after it once stood is opened again, from the last event seen and
 * with a growing wait; a refusal, and a first connection that fails, are thrown.
 */
export async function* streamLogs(
  transport: Transport,
  path: string,
  options: LogOptions,
): AsyncGenerator<LogEvent> {
  let lastEventId = '';
  let failures = 0;
  let connected = false;
  while (true) {
    try {
      for await (const message of connection(
        transport,
        path,
        options,
        lastEventId,
        () => (connected = true),
      )) {
        failures = 0;
        if (message.id !== undefined) lastEventId = message.id;
        const event = toLogEvent(message);
        if (event !== undefined) yield event;
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
  path: string,
  options: LogOptions,
  lastEventId: string,
  onOpen: () => void,
): AsyncGenerator<EventSourceMessage> {
  const closing = new AbortController();
  const signal = options.signal ? AbortSignal.any([closing.signal, options.signal]) : closing.signal;
  const quiet = setTimeout(() => closing.abort(), QUIET_LIMIT_MS);
  try {
    const { follow, tail, since, revision } = options;
    const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
    const query = { follow, tail, since, revision };
    const body = await openStream(transport, { method: 'GET', path, query, headers }, signal);
    onOpen();
    for await (const messages of parsed(body)) {
      quiet.refresh();
      yield* messages;
    }
  } catch (error) {
    if (error instanceof ApiProblem || error instanceof Unreachable || options.signal?.aborted) throw error;
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

/** Undefined for an event of a kind that this client doesn't know: a later berthd may send more. */
function toLogEvent({ event, id = '', data }: EventSourceMessage): LogEvent | undefined {
  if (event === 'stdout' || event === 'stderr') return { kind: event, id, line: data };
  return event === 'revision' ? toRevision(data) : undefined;
}

function toRevision(data: string): LogEvent {
  const { revision }: { revision: number } = JSON.parse(data);
  return { kind: 'revision', revision };
}

/** The container was deleted while its log was followed. */
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
