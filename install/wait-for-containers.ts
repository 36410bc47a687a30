import { setTimeout } from 'node:timers/promises';
import { everyContainer } from '../src/cli/container-name.ts';
import { createClient } from '../src/client/client.ts';
import { messageOf } from '../src/domain/errors.ts';
import { LinkConnection } from '../src/gateway/link-connection.ts';

/**
 * Waits until every container is deployed and the gateway knows where to send its requests, or has failed.
 * Arguments: berthd's socket, the gateway's admin socket, the deadline in seconds. Exits 1 when it passes, and says what was missing.
 */
async function main([socketPath = '', adminPath = '', seconds = '']: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(Number(seconds) * 1000);
  let missing: string;
  do {
    try {
      const waiting = await withoutRoute(socketPath, adminPath, signal);
      if (waiting.length === 0) return;
      missing = `not served yet: ${waiting.join(', ')}`;
    } catch (error) {
      missing = messageOf(error);
    }
    await setTimeout(100);
  } while (!signal.aborted);
  throw new Error(missing);
}

/** A status is of the last look that berthd had, perhaps before it was stopped; the gateway's table is of now. */
async function withoutRoute(socketPath: string, adminPath: string, signal: AbortSignal): Promise<string[]> {
  const containers = await everyContainer(createClient({ socketPath }), true, signal);
  const routed = await routedContainers(adminPath, signal);
  return containers
    .filter(({ id, status }) => status === 'deploying' || (status === 'deployed' && !routed.has(id)))
    .map(({ id }) => id);
}

async function routedContainers(adminPath: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const connection = await LinkConnection.open(adminPath, signal);
  try {
    const routes = connection.hello.table.routes.filter(({ upstreams }) => upstreams.length > 0);
    return new Set(routes.map(({ containerId }) => containerId));
  } finally {
    connection.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
