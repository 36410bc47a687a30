import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';
import { DomainError, messageOf } from '../domain/errors.ts';
import { MIGRATIONS, SCHEMA_VERSION } from './migrations.ts';
import type { Tables } from './schema.ts';

/** berth's database, open. Whoever opened it destroys it. */
export type Database = Kysely<Tables>;

/** How long to wait for whoever has the file. */
const LOCK_MS = 2_000;

const SCHEMA_FILE = new URL('../../schema.sql', import.meta.url);

/**
 * Opens (or makes) `berth.db` in the data folder, which is made 0700 with files 0600.
 * Throws a DomainError that says what to do where the file is corrupt, read-only, in use by another berthd, or newer
 * than this program; the file is left as it is.
 */
export function openDatabase(dataDir: string): Database {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  chmodSync(dataDir, 0o700);
  const file = join(dataDir, 'berth.db');
  try {
    if (existsSync(file)) examine(file);
    const sqlite = new BetterSqlite(file, { timeout: LOCK_MS });
    try {
      chmodSync(file, 0o600);
      prepare(sqlite);
    } catch (error) {
      sqlite.close();
      throw error;
    }
    return new Kysely<Tables>({ dialect: new SqliteDialect({ database: withForgivingRollback(sqlite) }) });
  } catch (error) {
    throw error instanceof DomainError ? error : unusable(file, error);
  }
}

/** Where the disk is full SQLite ends the transaction itself; the error of Kysely's rollback would hide that. */
function withForgivingRollback(sqlite: BetterSqlite.Database): SqliteDatabase {
  return {
    close: () => sqlite.close(),
    prepare: (sql) => sqlite.prepare(sql === 'rollback' && !sqlite.inTransaction ? 'select 1' : sql),
  };
}

/** Looks without writing: what is refused is left as it is, to the byte. */
function examine(file: string): void {
  const sqlite = new BetterSqlite(file, { readonly: true, timeout: LOCK_MS });
  try {
    const version = Number(sqlite.pragma('user_version', { simple: true }));
    if (version > SCHEMA_VERSION) throw newer(file, version);
    const result = sqlite.pragma('quick_check(1)', { simple: true });
    if (result !== 'ok') throw new Error(`the file is damaged: ${String(result)}`);
    const lacking = version === SCHEMA_VERSION ? tablesOf(schema()).difference(tablesOf(sqlite)) : new Set();
    if (lacking.size > 0) throw new Error(`the file is damaged: it lacks ${[...lacking].join(', ')}`);
    if (version === 0 && existsSync(join(dirname(file), 'installation'))) {
      throw new Error('it is empty, though berth has run here');
    }
  } finally {
    sqlite.close();
  }
}

/** An empty database as schema.sql makes it. */
function schema(): BetterSqlite.Database {
  return new BetterSqlite(':memory:').exec(readFileSync(SCHEMA_FILE, 'utf8'));
}

function tablesOf(sqlite: BetterSqlite.Database): ReadonlySet<unknown> {
  return new Set(sqlite.prepare("select name from sqlite_schema where type = 'table'").pluck().all());
}

function prepare(sqlite: BetterSqlite.Database): void {
  // One berthd a data folder: a second one finds the file locked.
  sqlite.pragma('locking_mode = EXCLUSIVE');
  sqlite.pragma('journal_mode = WAL');
  // An acknowledged write survives a power cut only if each commit reaches the disk.
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
  migrate(sqlite);
}

function migrate(sqlite: BetterSqlite.Database): void {
  const version = Number(sqlite.pragma('user_version', { simple: true }));
  if (version === SCHEMA_VERSION) return;
  const steps =
    version === 0
      ? [readFileSync(SCHEMA_FILE, 'utf8')]
      : MIGRATIONS.slice(version - 1).map((step) => step.sql);
  sqlite.transaction(() => {
    for (const sql of steps) sqlite.exec(sql);
    sqlite.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

function newer(file: string, version: number): DomainError {
  return new DomainError(
    'conflict',
    `The database ${file} has schema version ${version} and this berth knows ${SCHEMA_VERSION}: it was written by a ` +
      'newer berth. Install that version again, or start with another data folder (BERTH_DATA_DIR).',
  );
}

function unusable(file: string, error: unknown): DomainError {
  if (error instanceof BetterSqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
    return new DomainError(
      'conflict',
      `The database ${file} is in use: another berthd runs on this data folder. Stop that one, or give this one its own ` +
        '(BERTH_DATA_DIR).',
      { cause: error },
    );
  }
  return new DomainError(
    'unavailable',
    `The database ${file} can't be used: ${messageOf(error)}. It was left as it is. Check the disk and the file's owner, ` +
      'restore it from a backup, or start with another data folder (BERTH_DATA_DIR).',
    { cause: error },
  );
}
