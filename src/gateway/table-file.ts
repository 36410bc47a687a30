import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import { tableSchema } from './protocol.ts';
import { emptyTable, type Table } from './route-table.ts';

/** The last table on disk, from which a gateway that starts alone serves at once. */
export class TableFile {
  readonly #path: string;
  readonly #log: Logger;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  /** The table saved last. A file that holds none is set aside for a person to look at, and nothing is served. */
  async load(): Promise<Table> {
    const text = await readIfPresent(this.#path);
    if (text === undefined) return emptyTable;
    try {
      return tableSchema.parse(JSON.parse(text));
    } catch (error) {
      const aside = `${this.#path}.corrupt-${Date.now()}`;
      await rename(this.#path, aside);
      this.#log.error(
        { file: this.#path, aside, reason: messageOf(error) },
        'the table file is corrupt and was set aside; serving nothing until berthd sends a table',
      );
      return emptyTable;
    }
  }

  /** Replaces the file as a whole: a crash or a full disk leaves the old one. */
  async save(table: Table): Promise<void> {
    const temporary = `${this.#path}.new`;
    await writeSynced(temporary, JSON.stringify(table));
    await rename(temporary, this.#path);
    await syncFolder(dirname(this.#path));
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  await using file = await open(path, 'w', 0o600);
  // A file left by a crash keeps the mode that it had.
  await file.chmod(0o600);
  await file.writeFile(text);
  await file.sync();
}

/** Without this, a power cut can undo the rename. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
