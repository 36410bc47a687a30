import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { findCommand } from './packages.ts';

let archive: Promise<Buffer> | undefined;

/** A root file system of busybox and the programs in rootfs/, as a tar archive. The same bytes each time, so that one layer is shared. */
export function busyboxArchive(): Promise<Buffer> {
  archive ??= build();
  return archive;
}

async function build(): Promise<Buffer> {
  const busybox = await findCommand('busybox');
  if (busybox === undefined) throw new Error('busybox is not installed');
  const root = await mkdtemp(join(tmpdir(), 'berth-rootfs-'));
  try {
    await cp(join(import.meta.dirname, 'rootfs'), root, { recursive: true });
    await mkdir(join(root, 'bin'));
    await mkdir(join(root, 'tmp'));
    await cp(busybox, join(root, 'bin/busybox'));
    const { stdout } = await execa(busybox, ['--list']);
    const applets = stdout.split('\n').filter((applet) => applet !== 'busybox');
    await Promise.all(applets.map((applet) => symlink('busybox', join(root, 'bin', applet))));
    return await pack(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** A folder as a tar archive owned by root, without the times and names of this machine. */
export async function pack(folder: string): Promise<Buffer> {
  const options = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  const { stdout } = await execa('tar', [...options, '-C', folder, '-c', '.'], {
    encoding: 'buffer',
    maxBuffer: 1e9,
  });
  return Buffer.from(stdout);
}
