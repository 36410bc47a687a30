import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { ApiEnv } from './context.ts';
import { eventStream, type ServerSentEvent } from './event-stream.ts';
import { OpenStreams } from './open-streams.ts';

/** Bounds of the streams of one kind; `keepAliveMs` is the time between two comments. */
export interface StreamLimits {
  readonly perUser: number;
  readonly keepAliveMs: number;
}

/** What every kind of stream is held to. */
export const STREAM_LIMITS: StreamLimits = { perUser: 100, keepAliveMs: 15_000 };

const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // nginx would hold events back.
  'X-Accel-Buffering': 'no',
};

/** Begins a stream's events; they end when the signal aborts. */
export type OpenEvents = (signal: AbortSignal) => Promise<AsyncIterable<ServerSentEvent>>;

/** Answers with event streams of one kind, of which each user may have so many open. */
export class StreamAnswers {
  readonly #kind: string;
  readonly #log: Logger;
  readonly #keepAliveMs: number;
  readonly #openStreams: OpenStreams;

  /** `kind` is what they are called, such as "log". */
  constructor(kind: string, log: Logger, limits: StreamLimits = STREAM_LIMITS) {
    this.#kind = kind;
    this.#log = log;
    this.#keepAliveMs = limits.keepAliveMs;
    this.#openStreams = new OpenStreams(kind, limits.perUser);
  }

  /** Answers with the events; a HEAD without any. Throws `too-many` beyond the limit, and what `open` throws. */
  async answer(c: Context<ApiEnv>, open: OpenEvents) {
    if (c.req.method === 'HEAD') return c.body(null, 200, HEADERS);
    const place = this.#openStreams.open(c.get('caller').userId);
    return c.body(await this.#body(c, open, place), 200, HEADERS);
  }

  /** A stream's body, which gives its place back when it is over: read, left, failed, or its client gone before it began. */
  async #body(c: Context<ApiEnv>, open: OpenEvents, place: Disposable) {
    const over = new AbortController();
    const end = (error?: unknown) => {
      if (over.signal.aborted) return;
      over.abort();
      place[Symbol.dispose]();
      if (error === undefined) return;
      this.#log.warn({ err: error, path: c.req.path }, `a stream broke off (${this.#kind})`);
      // It must not look finished: with its connection broken the client comes back with the last id.
      c.env.outgoing.destroy();
    };
    c.req.raw.signal.addEventListener('abort', () => end(), { once: true });
    try {
      return eventStream(await open(over.signal), { keepAliveMs: this.#keepAliveMs, onEnd: end });
    } catch (error) {
      end();
      throw error;
    }
  }
}
