import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../domain/duration.ts';
import type { Engine, Listener } from '../engine/engine.ts';

const FIRST_INTERVAL_MS = 5;
const LONGEST_INTERVAL_MS = 500;
const ATTEMPT_MS = 5_000;
/** From when on it is worth looking why nothing answers. */
const LOOK_AFTER_MS = 2_000;
/** A program that listens on loopback this long, and on nothing else, won't change its mind. */
const LOOPBACK_GRACE_MS = 10_000;
/** One that listens for everybody this long, and yet can't be reached, never will be. */
const UNREACHABLE_GRACE_MS = 5_000;

const REFUSED = 'the connection is refused';

/** Where and how an instance should answer. */
export interface ReadinessTarget {
  readonly instanceId: string;
  readonly address: string;
  readonly port: number;
  /** Null: a TCP connect is enough. */
  readonly healthPath: string | null;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** How long it may take in all, for the message. */
  readonly startTimeoutMs: number;
}

/** What came of waiting. */
export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly reason: string }
  /** The program does its part and the address doesn't lead to it: another instance may be luckier. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/**
 * Waits until the instance answers, or until the deadline. Nothing tells when a program inside begins to listen, so it
 * is asked: at first every few milliseconds, later twice a second. `onSeen` hears what is in the way, once that is known.
 */
export async function awaitReadiness(
  target: ReadinessTarget,
  engine: Pick<Engine, 'listeners'>,
  onSeen: (seen: string) => void,
  signal: AbortSignal,
): Promise<Readiness> {
  const began = performance.now();
  const held = new Held();
  let interval = FIRST_INTERVAL_MS;
  for (;;) {
    const refusal = await ask(target, signal);
    if (refusal === undefined) return { kind: 'ready' };
    let seen = refusal;
    if (performance.now() - began >= LOOK_AFTER_MS) {
      const listeners = await engine.listeners(target.instanceId, signal).catch(() => undefined);
      seen = explain(target.port, listeners) ?? refusal;
      const reach = reachOf(target.port, listeners);
      const heldMs = held.for(reach);
      if (reach === 'loopback' && heldMs >= LOOPBACK_GRACE_MS) return { kind: 'failed', reason: seen };
      if (reach === 'everybody' && refusal === REFUSED && heldMs >= UNREACHABLE_GRACE_MS) {
        return {
          kind: 'unreachable',
          reason: `it listens on port ${target.port}, but its address does not lead to it`,
        };
      }
      onSeen(seen);
    }
    if (Date.now() >= target.deadline) return { kind: 'failed', reason: late(target, seen) };
    await sleep(interval, undefined, { signal });
    interval = Math.min(interval * 1.5, LONGEST_INTERVAL_MS);
  }
}

/** Who may reach the port, by the sockets that listen inside. */
type Reach = 'nobody' | 'loopback' | 'everybody' | 'unknown';

/** For how long the same has been seen without a break. */
class Held {
  #seen: Reach | undefined;
  #since = 0;

  /** Milliseconds since this is what is seen. */
  for(reach: Reach): number {
    if (reach !== this.#seen) this.#since = performance.now();
    this.#seen = reach;
    return performance.now() - this.#since;
  }
}

function late({ port, healthPath, startTimeoutMs }: ReadinessTarget, seen: string): string {
  const what =
    healthPath === null ? `port ${port} did not answer` : `GET ${healthPath} on port ${port} did not succeed`;
  return `${what} within ${formatDuration(startTimeoutMs)}: ${seen}`;
}

function reachOf(port: number, listeners: readonly Listener[] | undefined): Reach {
  if (listeners === undefined) return 'unknown';
  const onPort = listeners.filter((listener) => listener.port === port);
  if (onPort.length === 0) return 'nobody';
  return onPort.every((listener) => listener.loopbackOnly) ? 'loopback' : 'everybody';
}

/** What the listening sockets inside tell a person who wonders why nothing answers. */
function explain(port: number, listeners: readonly Listener[] | undefined): string | undefined {
  if (listeners === undefined) return undefined;
  const reach = reachOf(port, listeners);
  if (reach === 'loopback') {
    return `the program listens on port ${port} of loopback (127.0.0.1) only, where nobody outside reaches it; make it listen on 0.0.0.0`;
  }
  if (reach === 'everybody') return undefined;
  const others = [...new Set(listeners.filter((one) => !one.loopbackOnly).map((one) => one.port))].sort(
    (a, b) => a - b,
  );
  if (others.length === 0) return `nothing listens on port ${port}`;
  return `nothing listens on port ${port}; the program listens on ${others.slice(0, 5).join(', ')}: set "port" to that`;
}

/** Undefined where the instance answers, else what happened instead. */
async function ask(target: ReadinessTarget, signal: AbortSignal): Promise<string | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]);
  const refusal =
    target.healthPath === null
      ? await tryConnect(target, limit)
      : await tryGet(target, target.healthPath, limit);
  signal.throwIfAborted();
  return refusal;
}

function tryConnect({ address, port }: ReadinessTarget, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error) => resolve(wordsFor(error)));
  });
}

function tryGet(
  { address, port }: ReadinessTarget,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({
      host: address,
      port,
      path,
      signal,
      agent: false,
      headers: { 'user-agent': 'berth-health' },
    });
    asked.once('response', (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve(status >= 200 && status < 400 ? undefined : `it answers with status ${status}`);
    });
    asked.once('error', (error) => resolve(wordsFor(error)));
    asked.end();
  });
}

function wordsFor(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return REFUSED;
    case 'ECONNRESET':
      return 'the connection is reset';
    case 'ABORT_ERR':
      return 'no answer came';
    default:
      return `the connection fails (${error.code ?? error.message})`;
  }
}
