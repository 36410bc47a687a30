import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { CACHE } from './packages.ts';

// What nginx needs and the machine lacks is downloaded with it; nothing is installed. Locked: two test files may ask at once.
const FETCH = `
target=$1
[ -d "$target" ] && exit 0
rm -rf "$target.partial" && mkdir -p "$target.partial/debs/partial" "$target.partial/root"
apt-get update -q -o DPkg::Lock::Timeout=300
apt-get install -y -q --no-install-recommends --download-only --reinstall \
  -o DPkg::Lock::Timeout=300 -o Dir::Cache::archives="$target.partial/debs" nginx nginx-common
for deb in "$target.partial"/debs/*.deb; do dpkg -x "$deb" "$target.partial/root"; done
mv "$target.partial/root" "$target"
rm -rf "$target.partial"
`;

/**
 * The folder where the distribution's nginx lies unpacked with those of its dependencies that the machine lacks.
 * Downloaded with apt, as root, the first time; then kept between runs.
 */
export async function nginxPackage(): Promise<string> {
  await mkdir(CACHE, { recursive: true });
  const target = join(CACHE, 'nginx');
  await execa('flock', [`${target}.lock`, 'sh', '-ec', FETCH, 'fetch', target], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    stdin: 'ignore',
    timeout: 120_000,
  });
  return target;
}
