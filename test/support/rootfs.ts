import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { nginxPackage } from './nginx-package.ts';
import { findCommand } from './packages.ts';

// The same root file system gives the same bytes, so that images share one layer.
let busybox: Promise<Buffer> | undefined;
let sockets: Promise<Buffer> | undefined;

/** A root file system of busybox and the programs in rootfs/busybox, as a tar archive. */
export function busyboxArchive(): Promise<Buffer> {
  busybox ??= archive(addBusybox);
  return busybox;
}

/** Busybox, the machine's perl, and the server in rootfs/sockets. */
export function socketsArchive(): Promise<Buffer> {
  sockets ??= archive(async (root) => {
    await addBusybox(root);
    await addPerl(root);
    await addFiles(root, 'sockets');
  });
  return sockets;
}

/**
 * Busybox, the programs in rootfs/busybox, and the libraries that a program of this machine is linked with, but not the
 * program: something else brings it into the container.
 */
export function librariesArchive(program: string): Promise<Buffer> {
  return archive(async (root) => {
    await addBusybox(root);
    await addProgram(root, program);
    await rm(join(root, program));
    // By this the NVIDIA Container Toolkit decides where libraries belong.
    const debian = '/etc/debian_version';
    await addFile(root, debian, debian).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
  });
}

/** The distribution's nginx with the libraries it needs, serving one page. */
export function nginxArchive(page: string): Promise<Buffer> {
  return archive(async (root) => {
    const unpacked = await nginxPackage();
    await addFiles(root, 'nginx');
    await addProgram(root, join(unpacked, 'usr/sbin/nginx'), unpacked);
    await cp(join(unpacked, 'etc/nginx/mime.types'), join(root, 'etc/nginx/mime.types'));
    for (const folder of ['run', 'var/lib/nginx', 'var/log/nginx', 'usr/share/nginx/html']) {
      await mkdir(join(root, folder), { recursive: true });
    }
    await writeFile(join(root, 'usr/share/nginx/html/index.html'), page);
  });
}

async function archive(fill: (root: string) => Promise<void>): Promise<Buffer> {
  const root = await mkdtemp(join(tmpdir(), 'berth-rootfs-'));
  try {
    await fill(root);
    return await pack(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function addFiles(root: string, name: string): Promise<void> {
  await cp(join(import.meta.dirname, 'rootfs', name), root, { recursive: true });
}

async function addBusybox(root: string): Promise<void> {
  const program = await findCommand('busybox');
  if (program === undefined) throw new Error('busybox is not installed');
  await addFiles(root, 'busybox');
  await mkdir(join(root, 'bin'));
  await mkdir(join(root, 'tmp'));
  await cp(program, join(root, 'bin/busybox'));
  const { stdout } = await execa(program, ['--list']);
  const applets = stdout.split('\n').filter((applet) => applet !== 'busybox');
  await Promise.all(applets.map((applet) => symlink('busybox', join(root, 'bin', applet))));
}

async function addPerl(root: string): Promise<void> {
  await addProgram(root, '/usr/bin/perl');
  // The modules that the server needs, and what they have loaded.
  const loaded = 'require DynaLoader; print map {"$_\\n"} values %INC, @DynaLoader::dl_shared_objects';
  const { stdout } = await execa('/usr/bin/perl', [
    '-Mstrict',
    '-Mwarnings',
    '-MIO::Socket::INET',
    '-e',
    loaded,
  ]);
  await Promise.all(stdout.split('\n').map((file) => addFile(root, file, file)));
}

/** Adds a program at its own path, and the shared libraries it is linked with; both may come from an unpacked package. */
async function addProgram(root: string, program: string, unpacked = ''): Promise<void> {
  const { stdout: machine } = await execa('uname', ['-m']);
  const folders = ['usr/lib', 'lib'].map((folder) => `${unpacked}/${folder}/${machine}-linux-gnu`);
  const { stdout } = await execa('ldd', [program], { env: { LD_LIBRARY_PATH: folders.join(':') } });
  const libraries = [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)].map((match) => match[1] ?? '');
  for (const file of [program, ...libraries]) {
    await addFile(root, file, file.startsWith(`${unpacked}/`) ? file.slice(unpacked.length) : file);
  }
}

async function addFile(root: string, file: string, path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await cp(file, join(root, path), { dereference: true });
}

/** A folder as a tar archive owned by root, without the times and names of this machine. */
async function pack(folder: string): Promise<Buffer> {
  const options = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  const { stdout } = await execa('tar', [...options, '-C', folder, '-c', '.'], {
    encoding: 'buffer',
    maxBuffer: 1e9,
  });
  return Buffer.from(stdout);
}
