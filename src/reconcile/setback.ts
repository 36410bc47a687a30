import type { Revision } from '../domain/container.ts';
import type { Setback } from './situation.ts';

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 300_000;
/** A revision that was never ready gets this many tries. */
const TRIES = 3;
/** A run that was ready this long shows that the trouble before it is over. */
const STABLE_MS = 60_000;

/** The setback after `previous`: the wait doubles from 1 s to 5 min, and starts anew after a run that held. */
export function nextSetback(
  previous: Setback | undefined,
  what: {
    readonly reason: string;
    readonly exit: string | null;
    readonly readyForMs: number;
    readonly now: number;
  },
): Setback {
  const count = what.readyForMs >= STABLE_MS ? 1 : (previous?.count ?? 0) + 1;
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (count - 1), LONGEST_DELAY_MS);
  return { count, reason: what.reason, exit: what.exit, delayMs, retryAt: what.now + delayMs };
}

/** Whether a revision that never was ready has had its tries. One that once served is tried for ever. */
export function isExhausted(revision: Revision, setback: Setback | undefined): boolean {
  return revision.outcome.kind === 'pending' && (setback?.count ?? 0) >= TRIES;
}
