import type { LogLine, LogStream } from '../domain/log-line.ts';
import { EngineError } from './engine.ts';
import type { LogFrame } from './log-frames.ts';
import { normalizedTimestamp } from './log-timestamp.ts';
import { shortened } from './refusal.ts';

const MAX_LINE_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;
const SPACE = 0x20;

/**
 * Puts lines together from the journal's entries, `<timestamp> <bytes>` each. An entry without a line end is a part of a
 * longer line; such a line comes in pieces of at most 64 KiB, all with the first entry's timestamp.
 */
export class LogLineAssembler {
  readonly #streams = { stdout: new PartialLine('stdout'), stderr: new PartialLine('stderr') };

  /** The lines that are complete with this entry. */
  push(frame: LogFrame): LogLine[] {
    if (frame.stream === 'engine') {
      const message = shortened(Buffer.from(frame.payload).toString());
      throw new EngineError('refused', `the engine can't read the log: ${message}`);
    }
    const space = frame.payload.indexOf(SPACE);
    const timestamp = normalizedTimestamp(Buffer.from(frame.payload.subarray(0, space)).toString('latin1'));
    return this.#streams[frame.stream].push(timestamp, frame.payload.subarray(space + 1));
  }

  /** What is left where the stream ends amid a line. */
  end(): LogLine[] {
    return [...this.#streams.stdout.end(), ...this.#streams.stderr.end()];
  }
}

class PartialLine {
  readonly #stream: LogStream;
  #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #timestamp: string | undefined;
  #text = '';

  constructor(stream: LogStream) {
    this.#stream = stream;
  }

  push(timestamp: string, bytes: Uint8Array): LogLine[] {
    // All entries of one line bear one timestamp. A line that an exit cut short has no end; the next run's is another.
    const before = this.#timestamp === undefined || this.#timestamp === timestamp ? [] : this.end();
    return [...before, ...this.#push(timestamp, bytes)];
  }

  #push(timestamp: string, bytes: Uint8Array): LogLine[] {
    this.#timestamp ??= timestamp;
    if (bytes.at(-1) !== LINE_FEED) {
      // A character may go on in the next entry.
      this.#text += this.#decoder.decode(bytes, { stream: true });
      return this.#pieces(this.#timestamp);
    }
    this.#text += this.#decoder.decode(bytes.subarray(0, -1));
    return this.#finished(this.#timestamp);
  }

  end(): LogLine[] {
    if (this.#timestamp === undefined) return [];
    this.#text += this.#decoder.decode();
    return this.#finished(this.#timestamp);
  }

  #finished(timestamp: string): LogLine[] {
    if (this.#text.endsWith('\r')) this.#text = this.#text.slice(0, -1);
    const lines = [...this.#pieces(timestamp), this.#line(timestamp, this.#text)];
    this.#timestamp = undefined;
    this.#text = '';
    return lines;
  }

  /** Cuts off what is beyond the longest piece, between characters. */
  #pieces(timestamp: string): LogLine[] {
    const lines: LogLine[] = [];
    let bytes = Buffer.from(this.#text);
    while (bytes.length > MAX_LINE_BYTES) {
      const end = characterStart(bytes, MAX_LINE_BYTES);
      lines.push(this.#line(timestamp, bytes.toString('utf8', 0, end)));
      bytes = bytes.subarray(end);
    }
    if (lines.length > 0) this.#text = bytes.toString();
    return lines;
  }

  #line(timestamp: string, text: string): LogLine {
    return { stream: this.#stream, timestamp, text };
  }
}

/** The nearest start of a UTF-8 character at or before `index`. */
function characterStart(bytes: Buffer, index: number): number {
  let start = index;
  while (((bytes[start] ?? 0) & 0xc0) === 0x80) start--;
  return start;
}
