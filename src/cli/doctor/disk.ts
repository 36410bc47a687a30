import type { StatsFs } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../domain/errors.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const GIB = 1024 ** 3;
const LEAST_BYTES = 500_000_000;

/** Looks at the room left on the file system that holds a folder, which need not exist yet. */
export async function checkDisk(about: string, folder: string, mend: string): Promise<Finding> {
  try {
    const { bavail, blocks, bsize } = await nearest(folder);
    const free = bavail * bsize;
    const share = blocks === 0 ? 0 : bavail / blocks;
    const seen = `${folder}: ${(free / GIB).toFixed(1)} GiB free (${Math.floor(share * 100)}%)`;
    if (free < LEAST_BYTES || share < 0.02) return problem(about, seen, mend);
    return share < 0.1 ? warning(about, seen, mend) : ok(about, seen);
  } catch (error) {
    return warning(
      about,
      `${folder}: can't be looked at: ${messageOf(error)}`,
      'Look with root: sudo berth doctor.',
    );
  }
}

/** The file system of the folder, or of the nearest one above it that exists. */
async function nearest(folder: string): Promise<StatsFs> {
  try {
    return await statfs(folder);
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!absent || dirname(folder) === folder) throw error;
    return nearest(dirname(folder));
  }
}
