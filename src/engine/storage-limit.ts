import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Deadlines } from './deadlines.ts';
import { InfoAnswer } from './docker-answers.ts';
import type { DockerClient } from './docker-client.ts';
import { EngineError } from './engine.ts';

/** Who holds the limit of an instance's writable layer. */
type StorageLimit = 'driver' | 'watch';

/** Knows who holds the limit of writable layers on this engine, and learns where a driver refuses after all. */
export class StorageLimits {
  readonly #client: DockerClient;
  readonly #deadlines: Deadlines;
  readonly #log: Logger;
  #limit: StorageLimit | undefined;
  #refused = false;

  constructor(client: DockerClient, deadlines: Deadlines, log: Logger) {
    this.#client = client;
    this.#deadlines = deadlines;
    this.#log = log;
  }

  /** Asks the engine anew. */
  async look(signal: AbortSignal): Promise<{ info: InfoAnswer; limit: StorageLimit }> {
    const info = await this.#client.ask(
      { path: '/info', deadline: this.#deadlines.info, signal },
      InfoAnswer,
    );
    const limit = this.#refused ? 'watch' : storageLimitOf(info, await readMountinfo());
    this.#limit = limit;
    return { info, limit };
  }

  /** Creates an instance with the limit that the driver holds; without it from the driver's first refusal on. */
  async apply(create: (limit: StorageLimit) => Promise<string>, signal: AbortSignal): Promise<string> {
    const limit = this.#limit ?? (await this.look(signal)).limit;
    try {
      return await create(limit);
    } catch (error) {
      const unsupported =
        error instanceof EngineError &&
        /storage-opt|storage option|quota is not supported/i.test(error.message);
      if (limit === 'watch' || !unsupported) throw error;
      this.#refused = true;
      this.#limit = 'watch';
      this.#log.warn(
        { reason: error.message },
        'the storage driver limits no disk: berth watches it instead',
      );
      return await create('watch');
    }
  }
}

/**
 * Whether the engine's storage driver can limit a writable layer: btrfs and zfs can, overlay2 over xfs with project quotas can.
 * `mountinfo` is the engine's /proc/self/mountinfo.
 */
export function storageLimitOf(info: InfoAnswer, mountinfo: string): StorageLimit {
  if (info.Driver === 'btrfs' || info.Driver === 'zfs') return 'driver';
  const backing = info.DriverStatus?.find(([name]) => name === 'Backing Filesystem')?.[1];
  if (info.Driver !== 'overlay2' || backing !== 'xfs') return 'watch';
  return hasProjectQuota(info.DockerRootDir, mountinfo) ? 'driver' : 'watch';
}

// Empty where they can't be read.
function readMountinfo(): Promise<string> {
  return readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
}

function hasProjectQuota(folder: string, mountinfo: string): boolean {
  const mounts = mountinfo
    .split('\n')
    .flatMap(mountOf)
    .filter((mount) => contains(mount.point, folder));
  // The last one mounted of the deepest lies on top.
  const deepest = mounts.reduce(
    (found, mount) => (mount.point.length >= found.point.length ? mount : found),
    {
      point: '',
      options: [''],
    },
  );
  return deepest.options.some((option) => option === 'pquota' || option === 'prjquota');
}

// "36 35 98:0 /root /point rw,noatime master:1 - xfs /dev/sda rw,prjquota" (proc(5)); a space in a path is \040.
function mountOf(line: string): { point: string; options: string[] }[] {
  const [before = '', after = ''] = line.split(' - ');
  const point = before.split(' ')[4];
  if (point === undefined) return [];
  const options = after.split(' ')[2] ?? '';
  return [{ point: point.replaceAll('\\040', ' '), options: options.split(',') }];
}

function contains(folder: string, path: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}
