import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import { parseXid, type Xid } from './xid.ts';

/** The kernel gives one record a read and refuses a read that it doesn't fit in; no record is longer than this. */
const LONGEST_RECORD = 16 * 1024;
/** What following the kernel's log takes. */
export interface KernelLogTools {
  /** "/dev/kmsg". */
  readonly path: string;
  /** How often it is read, in milliseconds. */
  readonly everyMs: number;
  readonly log: Logger;
  readonly onXid: (xid: Xid) => void;
}

/**
 * Tells of each XID that the kernel logs from now on, until the signal aborts. Where the log may not be read, that is all
 * there is to it: nvidia-smi shows most of what is in there, a little later.
 */
export async function followKernelLog(tools: KernelLogTools, signal: AbortSignal): Promise<void> {
  try {
    await using file = await open(tools.path, constants.O_RDONLY | constants.O_NONBLOCK);
    // What is in there was before berthd's time.
    await readRecords(file, () => undefined, signal);
    while (!signal.aborted) {
      await sleep(tools.everyMs, undefined, { signal }).catch(() => undefined);
      await readRecords(file, (record) => tell(record, tools.onXid), signal);
    }
  } catch (error) {
    tools.log.debug({ reason: messageOf(error) }, "the kernel's log can't be followed: no XID is seen in it");
  }
}

function tell(record: string, onXid: (xid: Xid) => void): void {
  const xid = parseXid(record);
  if (xid !== null) onXid(xid);
}

/** Reads until there is no more for now. */
async function readRecords(
  file: FileHandle,
  each: (record: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const buffer = Buffer.alloc(LONGEST_RECORD);
  while (!signal.aborted) {
    const text = await readSome(file, buffer);
    if (text === null) return;
    // A record's own further lines begin with a space.
    for (const record of text.split(/\n(?! )/)) each(record);
  }
}

/** One record, or several where the file is no kernel's log; null where there is none for now. */
async function readSome(file: FileHandle, buffer: Buffer): Promise<string | null> {
  try {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    return bytesRead === 0 ? null : buffer.toString('utf8', 0, bytesRead);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EAGAIN') return null;
    // Records were overwritten before they were read: the next read goes on behind the gap.
    if (code === 'EPIPE') return '';
    throw error;
  }
}
