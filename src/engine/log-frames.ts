import { EngineError } from './engine.ts';

/** One frame of the engine's multiplexed stream: one entry of a container's journal. */
export interface LogFrame {
  readonly stream: 'stdout' | 'stderr' | 'engine';
  readonly payload: Uint8Array;
}

const HEADER = 8;
/** The engine cuts a journal's entries at 16 KiB. What claims to be far longer is no frame. */
const MAX_PAYLOAD = 1024 * 1024;

/**
 * Takes the multiplexed stream apart (Docker API, "Stream format"): a byte for the stream, three of zero, four for the
 * length, then the payload. Chunks may be cut anywhere. Throws EngineError where the bytes are no frames.
 */
export class LogFrameParser {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are complete with this chunk. */
  push(chunk: Buffer): LogFrame[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: LogFrame[] = [];
    for (let end = frameEnd(rest); end <= rest.length; end = frameEnd(rest)) {
      frames.push({ stream: streamOf(rest[0]), payload: rest.subarray(HEADER, end) });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return frames;
  }
}

/** Where the frame ends that begins here; Infinity while its header isn't complete. */
function frameEnd(bytes: Buffer): number {
  if (bytes.length < HEADER) return Number.POSITIVE_INFINITY;
  const length = bytes.readUInt32BE(4);
  if (length > MAX_PAYLOAD) throw notFrames();
  return HEADER + length;
}

function streamOf(kind: number | undefined): LogFrame['stream'] {
  switch (kind) {
    case 0:
    case 1:
      return 'stdout';
    case 2:
      return 'stderr';
    case 3:
      return 'engine';
    default:
      throw notFrames();
  }
}

function notFrames(): EngineError {
  return new EngineError('refused', "the engine's stream of log lines is not in frames");
}
