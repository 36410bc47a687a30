/** What a client or a container may use of the gateway. Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** Request line and headers together; more is answered 431. */
  readonly requestHead: number;
  /** Header lines of a request; more are answered 431. */
  readonly requestHeaders: number;
  /** How long the head of a request may take. */
  readonly requestHeadMs: number;
  /** The rate in bytes a second below which a body is too slow, once the time to answer is over. */
  readonly bodyRate: number;
  /** How long nothing may move on a connection whose client has ended its side. */
  readonly halfClosedMs: number;
  /** How long a connection may wait for its next request. */
  readonly idleMs: number;
  /** Status line and headers of a container's answer; more is answered 502. */
  readonly responseHead: number;
  readonly connectMs: number;
  /** How long an idle connection to a container is kept. */
  readonly upstreamIdleMs: number;
  /** How long a client may take none of a response that is waiting for it. */
  readonly stalledReaderMs: number;
  /** How long the rest of a body is read after its request was answered. */
  readonly lingerMs: number;
}

export const LIMITS: Limits = Object.freeze({
  requestHead: 16 * 1024,
  requestHeaders: 256,
  requestHeadMs: 10_000,
  bodyRate: 500,
  halfClosedMs: 5_000,
  idleMs: 75_000,
  responseHead: 64 * 1024,
  connectMs: 10_000,
  upstreamIdleMs: 60_000,
  stalledReaderMs: 120_000,
  lingerMs: 30_000,
});
