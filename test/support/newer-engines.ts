import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Engine, type EngineOptions, startEngine } from './engine.ts';
import { skipSuite } from './ground.ts';
import { CACHE, ensureCommands } from './packages.ts';

// Debian's next releases: forky still moves, so its engine may be newer than its name here says.
const SUITES = { '26.1': 'trixie', '28.5': 'forky' } as const;

/** A Docker Engine newer than the machine's, from one of Debian's next releases. */
export type NewerVersion = keyof typeof SUITES;

const DEBOOTSTRAP = `
suite=$1 target=$2 mirror=$3
[ -d "$target" ] && exit 0
rm -rf "$target.partial"
debootstrap --variant=minbase --include=docker.io,iptables,ca-certificates \
  "$suite" "$target.partial" "$mirror" /usr/share/debootstrap/scripts/sid
rm -rf "$target.partial"/var/cache/apt/archives/*.deb
mv "$target.partial" "$target"
`;

/** Starts an engine of that version, made with debootstrap the first time (half a minute, 500 MB) and kept between runs. Needs root. */
export async function startNewerEngine(version: NewerVersion, options: EngineOptions = {}): Promise<Engine> {
  return startEngine({ ...options, root: await makeRoot(version) });
}

/**
 * A suite on an engine of that version, which is started before its tests and removed after them. Where the version can't be
 * had the suite is skipped, and the end of the run says so. To be awaited at the top of the test file.
 */
export async function describeWithNewerEngine(
  version: NewerVersion,
  name: string,
  tests: (engine: () => Engine) => void,
): Promise<void> {
  const unavailable = await makeRoot(version).then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (unavailable !== undefined) return skipSuite(name, `engine ${version}: ${unavailable}`);
  describe(name, () => {
    let engine: Engine | undefined;
    beforeAll(async () => {
      engine = await startNewerEngine(version);
    });
    afterAll(() => engine?.[Symbol.asyncDispose]());
    tests(() => {
      if (engine === undefined) throw new Error('the engine is there in tests and hooks only');
      return engine;
    });
  });
}

/** The folder with that engine's root file system. Rejects with an error that says why it can't be made. */
async function makeRoot(version: NewerVersion): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('not root');
  await ensureCommands(['debootstrap', 'ip', 'iptables']);
  await mkdir(CACHE, { recursive: true });
  const suite = SUITES[version];
  const target = join(CACHE, `engine-${suite}`);
  const arguments_ = [suite, target, await mirror()];
  // Locked: two test files may ask at once.
  const result = await execa('flock', [`${target}.lock`, 'sh', '-ec', DEBOOTSTRAP, 'make', ...arguments_], {
    stdin: 'ignore',
    timeout: 240_000,
    all: true,
    reject: false,
  });
  if (result.failed) throw new Error(`debootstrap of ${suite}: ${result.all.trim().split('\n').at(-1)}`);
  return target;
}

/** The address of the Debian mirror that the machine's apt uses; Debian's own on another distribution. */
async function mirror(): Promise<string> {
  const folder = '/etc/apt/sources.list.d';
  const files = (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  for (const file of ['/etc/apt/sources.list', ...files]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const address = /^(?:deb\s.*?|URIs:\s*)(https?:\/\/\S+\/debian\/?)(?=\s|$)/m.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  return 'http://deb.debian.org/debian';
}
