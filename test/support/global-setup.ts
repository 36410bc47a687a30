import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { answers, dockerAt, startEngine } from './engine.ts';
import type { Ground } from './ground.ts';
import { sweepLeftovers } from './leftovers.ts';
import { ensureCommands } from './packages.ts';
import { startRegistry } from './registry.ts';

/** Brings up one engine and two registries for the run, and takes them down after it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const own = new AsyncDisposableStack();
  process.once('exit', sweepLater);
  own.defer(() => void process.off('exit', sweepLater));
  try {
    project.provide('ground', await makeGround(own));
  } catch (error) {
    await own.disposeAsync();
    throw error;
  }
  return () => own.disposeAsync();
}

// A run that Ctrl-C ends comes here without having disposed of anything.
function sweepLater(): void {
  const sweep = join(import.meta.dirname, 'sweep.ts');
  spawn(process.execPath, [sweep, String(process.pid)], { detached: true, stdio: 'ignore' }).unref();
}

async function makeGround(own: AsyncDisposableStack): Promise<Ground> {
  const root = process.getuid?.() === 0;
  const given = process.env.BERTH_TEST_DOCKER_HOST;
  if (!root && given === undefined) {
    const reason = 'not root, so no private engine, and BERTH_TEST_DOCKER_HOST names none';
    return { available: false, reason };
  }
  if (root) await sweepLeftovers();
  try {
    await ensureCommands(given === undefined ? ['dockerd', 'iptables', 'ip'] : []);
    await ensureCommands(['docker-registry', 'busybox']);
  } catch (error) {
    // Root can install; what stops it then is a failure, not a lesser machine.
    if (root) throw error;
    return { available: false, reason: String(error) };
  }
  return start(own, given);
}

async function start(own: AsyncDisposableStack, given: string | undefined): Promise<Ground> {
  const dockerHost = given === undefined ? own.use(await startEngine()).dockerHost : await answering(given);
  const registry = own.use(await startRegistry());
  const authRegistry = own.use(await startRegistry({ auth: true }));
  return { available: true, dockerHost, registry: registry.address, authRegistry: authRegistry.address };
}

async function answering(dockerHost: string): Promise<string> {
  if (await answers(dockerAt(dockerHost))) return dockerHost;
  throw new Error(`BERTH_TEST_DOCKER_HOST is ${dockerHost}, where no engine answers`);
}
