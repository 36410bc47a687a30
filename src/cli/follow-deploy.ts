import { setTimeout } from 'node:timers/promises';
import type { Client } from '../client/client.ts';
import { ApiProblem, Unreachable } from '../client/problem.ts';
import type { Container } from '../client/wire.ts';
import { shortIds } from './container-name.ts';
import { CommandFailed } from './errors.ts';
import { inert, type Terminal } from './terminal.ts';

const POLL_MS = 300;
/** A berthd that restarts is back long before; one that stays away is worth saying. */
const AWAY_LIMIT_MS = 60_000;

/**
 * Shows how a deploy goes until it is deployed or failed; berthd may restart meanwhile.
 * @throws CommandFailed where the container was deleted, Unreachable where berthd stays away for a minute.
 */
export async function followDeploy(
  client: Client,
  created: Container,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Container> {
  let shown = '';
  let awaySince: number | null = null;
  for (let container = created; ; ) {
    if (container.status !== 'deploying') {
      terminal.clearUpdate();
      return container;
    }
    const state = awaySince === null ? stateOf(container) : 'berthd does not answer; waiting for it';
    if (state !== shown) terminal.update(state);
    shown = state;
    await setTimeout(POLL_MS, undefined, { signal });
    try {
      container = await client.getContainer(created.id, { signal });
      awaySince = null;
    } catch (error) {
      awaySince ??= Date.now();
      if (!isAway(error) || Date.now() - awaySince > AWAY_LIMIT_MS) throw deletedOr(error, created);
    }
  }
}

function stateOf({ status, statusReason }: Container): string {
  return statusReason === null ? status : `${status}: ${shortIds(inert(statusReason))}`;
}

/** Whether berthd can't be reached or can't answer now, which a restart of it may mend. */
export function isAway(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof ApiProblem && error.status === 503);
}

function deletedOr(error: unknown, { name }: Container): unknown {
  const gone = error instanceof ApiProblem && error.status === 404;
  return gone ? new CommandFailed(`${name} was deleted while it was being deployed`) : error;
}
