/** One step from the schema before it to the next. Steps are never changed once released. */
export interface Migration {
  readonly sql: string;
}

const GPUS_AND_EVENTS = `
CREATE TABLE gpu_holdings (
  container_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  gpu TEXT NOT NULL,
  memory INTEGER CHECK (memory > 0),
  handover INTEGER NOT NULL CHECK (handover IN (0, 1)),
  PRIMARY KEY (container_id, revision, gpu)
) STRICT;

CREATE INDEX gpu_holdings_by_gpu ON gpu_holdings (gpu);

CREATE TRIGGER gpu_held_whole BEFORE INSERT ON gpu_holdings
WHEN EXISTS (
  SELECT 1 FROM gpu_holdings AS held
  WHERE held.gpu = NEW.gpu AND held.container_id <> NEW.container_id AND (held.memory IS NULL OR NEW.memory IS NULL)
)
BEGIN
  SELECT RAISE(ABORT, 'the GPU is held by another container');
END;

CREATE TABLE gpu_queue (
  place INTEGER PRIMARY KEY AUTOINCREMENT,
  container_id TEXT NOT NULL UNIQUE REFERENCES containers (id) ON DELETE CASCADE,
  overtaken INTEGER NOT NULL DEFAULT 0,
  announced INTEGER NOT NULL DEFAULT 0 CHECK (announced IN (0, 1))
) STRICT;

CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  owner TEXT,
  container_id TEXT,
  data TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_owner ON events (owner, id);
`;

/** The schema version that schema.sql describes. */
export const SCHEMA_VERSION = 2;

/** `MIGRATIONS[n]` leads from version n + 1 to n + 2. A new database starts from schema.sql instead. */
export const MIGRATIONS: readonly Migration[] = [{ sql: GPUS_AND_EVENTS }];
