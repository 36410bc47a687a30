/** One step from the schema before it to the next. Steps are never changed once released. */
export interface Migration {
  readonly sql: string;
}

/** The schema version that schema.sql describes. */
export const SCHEMA_VERSION = 1;

/** `MIGRATIONS[n]` leads from version n + 1 to n + 2. A new database starts from schema.sql instead. */
export const MIGRATIONS: readonly Migration[] = [];
