import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { CACHE, ensureCommands } from './packages.ts';

const MAKE = `
suite=$1 target=$2 mirror=$3 packages=$4
[ -d "$target" ] && exit 0
rm -rf "$target.partial"
debootstrap --variant=minbase --include="$packages" "$suite" "$target.partial" "$mirror" /usr/share/debootstrap/scripts/sid
rm -rf "$target.partial"/var/cache/apt/archives/*.deb
mv "$target.partial" "$target"
`;

/**
 * The folder of a minimal Debian with these packages, made the first time (half a minute) and kept between runs. Not to be
 * changed: whoever changes files takes a copy. Needs root; rejects with an error of one line that says why it can't be made.
 */
export async function debootstrap(name: string, suite: string, packages: readonly string[]): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('not root');
  await ensureCommands(['debootstrap']);
  await mkdir(CACHE, { recursive: true });
  const target = join(CACHE, name);
  const options = [suite, target, await mirror(), packages.join(',')];
  // Locked: two test files may ask at once.
  const result = await execa('flock', [`${target}.lock`, 'sh', '-ec', MAKE, 'make', ...options], {
    stdin: 'ignore',
    timeout: 240_000,
    all: true,
    reject: false,
  });
  if (result.failed) throw new Error(`debootstrap of ${suite}: ${result.all.trim().split('\n').at(-1)}`);
  return target;
}

/** The address of the Debian mirror that this machine's apt uses. */
async function mirror(): Promise<string> {
  const folder = '/etc/apt/sources.list.d';
  const files = (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  for (const file of ['/etc/apt/sources.list', ...files]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const address = /^(?:deb\s.*?|URIs:\s*)(https?:\/\/\S+\/debian\/?)(?=\s|$)/m.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error('apt on this machine names no mirror of Debian');
}
