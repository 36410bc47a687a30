import { afterAll, beforeAll, describe } from 'vitest';
import { debootstrap } from './debootstrap.ts';
import { type Engine, type EngineOptions, startEngine } from './engine.ts';
import { skipSuite } from './ground.ts';

// Debian's next releases: forky still moves, so its engine may be newer than its name here says.
const SUITES = { '26.1': 'trixie', '28.5': 'forky' } as const;

/** A Docker Engine newer than the machine's, from one of Debian's next releases. */
export type NewerVersion = keyof typeof SUITES;

/** Starts an engine of that version, made with debootstrap the first time (half a minute, 500 MB) and kept between runs. Needs root. */
export async function startNewerEngine(version: NewerVersion, options: EngineOptions = {}): Promise<Engine> {
  return startEngine({ ...options, root: await makeRoot(version) });
}

/**
 * A suite on an engine of that version, which is started before its tests and removed after them. Where the version can't be
 * had the suite is skipped, and the end of the run says so. To be awaited at the top of the test file.
 */
export function describeWithNewerEngine(
  version: NewerVersion,
  name: string,
  tests: (engine: () => Engine) => void,
): Promise<void> {
  return describeWithStarted(version, name, () => startNewerEngine(version), tests);
}

/** The same with whatever `start` makes of that version's engine, and disposes of with it. */
export async function describeWithStarted<T extends AsyncDisposable>(
  version: NewerVersion,
  name: string,
  start: () => Promise<T>,
  tests: (started: () => T) => void,
): Promise<void> {
  const unavailable = await makeRoot(version).then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (unavailable !== undefined) return skipSuite(name, `engine ${version}: ${unavailable}`);
  describe(name, () => {
    let started: T | undefined;
    beforeAll(async () => {
      started = await start();
    });
    afterAll(() => started?.[Symbol.asyncDispose]());
    tests(() => {
      if (started === undefined) throw new Error('the engine is there in tests and hooks only');
      return started;
    });
  });
}

/** The folder with that engine's root file system. Rejects with an error that says why it can't be made. */
function makeRoot(version: NewerVersion): Promise<string> {
  const suite = SUITES[version];
  return debootstrap(`engine-${suite}`, suite, ['docker.io', 'iptables', 'ca-certificates']);
}
