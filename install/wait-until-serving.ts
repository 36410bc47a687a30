import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { messageOf } from '../src/domain/errors.ts';

/**
 * Waits until the API answers on its Unix socket and the gateway at its address.
 * Arguments: the socket, the gateway's HOST:PORT, the deadline in seconds. Exits 1 when it passes, and says who did not answer.
 */
async function main([socketPath = '', gateway = '', seconds = '']: readonly string[]): Promise<void> {
  const deadline = Date.now() + Number(seconds) * 1000;
  const [, host = '', port = ''] = /^\[?(.*?)\]?:([0-9]+)$/.exec(gateway) ?? [];
  await until(
    deadline,
    `the API on ${socketPath}`,
    { socketPath, path: '/healthz' },
    (status) => status === 200,
  );
  // An unknown host's 404 is an answer too.
  await until(deadline, `the gateway at ${gateway}`, { host: reachable(host), port, path: '/' }, () => true);
}

/** Where a server that listens everywhere can be asked. */
function reachable(host: string): string {
  return host.replace(/^0\.0\.0\.0$/, '127.0.0.1').replace(/^::$/, '::1');
}

type Target = { socketPath: string; path: string } | { host: string; port: string; path: string };

async function until(
  deadline: number,
  who: string,
  target: Target,
  good: (status: number) => boolean,
): Promise<void> {
  let last: string;
  do {
    try {
      const status = await statusOf(target);
      if (good(status)) return;
      last = `it answers ${status}`;
    } catch (error) {
      last = messageOf(error);
    }
    await setTimeout(100);
  } while (Date.now() < deadline);
  throw new Error(`No good answer from ${who}: ${last}`);
}

function statusOf(target: Target): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, agent: false, signal: AbortSignal.timeout(5_000) }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
