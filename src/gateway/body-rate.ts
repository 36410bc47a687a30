import type { IncomingMessage } from 'node:http';

export interface BodyRate {
  /** Beyond the time that the bytes themselves give. */
  readonly graceMs: number;
  readonly bytesPerSecond: number;
}

/**
 * Follows a request's body until `tooSlow`: a client that sends a byte a second keeps every deadline from ending. The
 * time that a body may take grows with what has come of it, and stands still while the container takes none.
 */
export function watchBodyRate(request: IncomingMessage, rate: BodyRate, tooSlow: () => void): void {
  let heldSince: number | undefined;
  let begunAt = performance.now();
  let received = 0;
  request.on('pause', () => {
    heldSince ??= performance.now();
  });
  request.on('resume', () => {
    if (heldSince !== undefined) begunAt += performance.now() - heldSince;
    heldSince = undefined;
  });
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
    const allowedMs = rate.graceMs + (received / rate.bytesPerSecond) * 1_000;
    if (heldSince === undefined && performance.now() - begunAt > allowedMs) tooSlow();
  });
}
