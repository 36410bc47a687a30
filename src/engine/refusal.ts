import { EngineError } from './engine.ts';

/** The engine answered, with a status that isn't success. Never leaves this folder. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What docker-modem threw for an answer of the engine's; undefined where there was no answer. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number')
    return undefined;
  const message = error.message.replace(/^\(HTTP code \d+\) \w+ - /, '').trim();
  return new Refusal(error.statusCode, message);
}

const GOING_DOWN = /containerd\.sock|transport is closing|the client connection is closing|context canceled/i;

/** The ordinary reading of a refusal: a call with more to tell has a reading of its own. */
export function explainRefusal(refusal: Refusal): EngineError {
  if (refusal.status === 404) return new EngineError('gone', `it is not there: ${refusal.message}`, refusal);
  if ([502, 503, 504].includes(refusal.status) || GOING_DOWN.test(refusal.message)) {
    return new EngineError('unavailable', 'the container engine is starting or going down', refusal);
  }
  return new EngineError('refused', `the container engine refused: ${shortened(refusal.message)}`, refusal);
}

/** Where the engine keeps its own files: nobody's concern who may only deploy. */
const ENGINE_PATH =
  /\/[^\s:"']*\/(?:overlay2?|containers|volumes|btrfs|snapshots|rootfs|containerd|image)\/[^\s:"']*/g;

/** An engine's message, made fit for one line: no control characters, no path of the engine's, at most 300 characters. */
export function shortened(message: string): string {
  const line = message
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .replace(ENGINE_PATH, '…')
    .trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

/** The innermost cause of a chain such as "dial tcp: lookup x: no such host". */
export function innermost(message: string): string {
  return shortened(message).split(': ').at(-1) ?? '';
}
