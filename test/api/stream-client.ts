import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream';

/** Reads an event stream as a client of the API does. */
export class StreamClient implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<EventSourceMessage>;

  constructor(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream())
      .getReader();
  }

  /** The next events; fewer where the stream ends before. */
  async take(count: number): Promise<EventSourceMessage[]> {
    const events: EventSourceMessage[] = [];
    while (events.length < count) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      events.push(value);
    }
    return events;
  }

  /** Every event up to the end of the stream. */
  async rest(): Promise<EventSourceMessage[]> {
    return await this.take(Number.POSITIVE_INFINITY);
  }

  /** Goes away amid the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}

/** What the events of a log say: the text of a line, or `revision N`. */
export function texts(events: readonly EventSourceMessage[]): string[] {
  return events.map(({ event, data }) =>
    event === 'revision' ? `revision ${JSON.parse(data).revision}` : data,
  );
}
