import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';

/** The folders a command is looked for in: root's own are not in every user's PATH. */
export const SEARCH_PATH = [process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin']
  .join(delimiter)
  .split(delimiter)
  .filter((folder) => folder !== '');

/** Where what is slow to make is kept between runs. */
export const CACHE = '/var/cache/berth-test';

const PACKAGE_OF = {
  dockerd: 'docker.io',
  'docker-registry': 'docker-registry',
  busybox: 'busybox-static',
  iptables: 'iptables',
  ip: 'iproute2',
  debootstrap: 'debootstrap',
  'systemd-nspawn': 'systemd-container',
} as const;

/** A program that a test needs from the distribution. */
export type Command = keyof typeof PACKAGE_OF;

// Services of what is installed here are not to start: Debian's docker-registry would listen on every address.
const INSTALL = `
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > $policy && chmod 755 $policy
fi
apt-get update -q -o DPkg::Lock::Timeout=300
apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
`;

/**
 * Sees to it that the commands are there, as root with apt where they are missing.
 * Throws an error that names what is missing when it can't be installed.
 */
export async function ensureCommands(commands: readonly Command[]): Promise<void> {
  const missing = await missingPackages(commands);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new Error(`${missing.join(', ')} not installed, and only root can install it`);
  }
  console.log(`berth tests: installing ${missing.join(', ')} with apt-get`);
  await execa('sh', ['-ec', INSTALL, 'install', ...missing], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    stdin: 'ignore',
    timeout: 300_000,
  });
}

async function missingPackages(commands: readonly Command[]): Promise<string[]> {
  const found = await Promise.all(commands.map(findCommand));
  return commands.filter((_, i) => found[i] === undefined).map((command) => PACKAGE_OF[command]);
}

/** The path of a command, or undefined where it isn't installed. */
export async function findCommand(command: string): Promise<string | undefined> {
  for (const folder of SEARCH_PATH) {
    const path = join(folder, command);
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (executable) return path;
  }
  return undefined;
}
