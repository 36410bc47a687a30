import BetterSqlite from 'better-sqlite3';
import { DomainError } from '../domain/errors.ts';

/** What SQLite's result codes (sqlite.org/rescode.html), and those that extend them, tell of the disk. */
const FAILURES = {
  SQLITE_FULL:
    "berth can't write: its disk is full. Nothing was changed. Free some space on it, then try again.",
  SQLITE_READONLY:
    "berth can't write: its database is read-only. Nothing was changed. Look at its disk and its owner, then try again.",
  SQLITE_IOERR: "berth can't read or write its database: the disk fails. Look at the disk, then try again.",
} as const;

/** `unavailable` where the store failed for its disk, which the operator can mend; undefined for any other error. */
export function storageFailure(error: unknown): DomainError | undefined {
  if (!(error instanceof BetterSqlite.SqliteError)) return undefined;
  const { code } = error;
  for (const [base, message] of Object.entries(FAILURES)) {
    if (code === base || code.startsWith(`${base}_`))
      return new DomainError('unavailable', message, { cause: error });
  }
  return undefined;
}
