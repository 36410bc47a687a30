-- The whole schema of berth's database, version 2 (PRAGMA user_version). Times are milliseconds since 1970 in UTC.
-- Later versions are steps in src/store/migrations.ts; this file always shows what they end in.

-- This installation: its id labels what it makes in the engine.
CREATE TABLE installation (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  id TEXT NOT NULL,
  -- The address that was given last; the next instance gets the one after it.
  last_address INTEGER
) STRICT;

-- Who may fetch a token with a name and a password.
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  -- A JSON list of texts.
  roles TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- A container as its owner knows it. Deleting the row is what DELETE promises; the engine is cleaned up after it.
CREATE TABLE containers (
  id TEXT PRIMARY KEY,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  latest_revision INTEGER NOT NULL,
  serving_revision INTEGER,
  status TEXT NOT NULL CHECK (status IN ('deploying', 'deployed', 'failed')),
  status_reason TEXT
) STRICT;

CREATE INDEX containers_by_owner ON containers (created_by, created_at DESC, id);

-- What was accepted, one row a revision, numbered from 1 without gaps.
CREATE TABLE revisions (
  container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
  number INTEGER NOT NULL CHECK (number >= 1),
  -- JSON, as src/store/spec-json.ts writes it.
  spec TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT 'pending' CHECK (outcome IN ('pending', 'ready', 'failed')),
  -- Why it failed.
  failure TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (container_id, number)
) STRICT;

-- The last lines of a revision that failed, whose instance is gone from the engine.
CREATE TABLE kept_logs (
  container_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  instance_id TEXT NOT NULL UNIQUE,
  ended_at INTEGER NOT NULL,
  -- JSON, as src/store/kept-logs.ts writes it.
  lines TEXT NOT NULL,
  PRIMARY KEY (container_id, revision),
  FOREIGN KEY (container_id, revision) REFERENCES revisions (container_id, number) ON DELETE CASCADE
) STRICT;

-- Each host name belongs to one container, generated and own ones alike.
CREATE TABLE hostnames (
  hostname TEXT PRIMARY KEY,
  container_id TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX hostnames_by_container ON hostnames (container_id);

-- Which GPUs are held, one row a device. A row lasts until no process of that revision is left, which may be after the
-- container was deleted: so it refers to none.
CREATE TABLE gpu_holdings (
  container_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  owner TEXT NOT NULL,
  -- The container's name then.
  name TEXT NOT NULL,
  -- The uuid, as the driver says it.
  gpu TEXT NOT NULL,
  -- Bytes reserved on it; NULL: the whole device.
  memory INTEGER CHECK (memory > 0),
  -- 1: in place of the container's other rows on the same device, only one of which has an instance at a time.
  handover INTEGER NOT NULL CHECK (handover IN (0, 1)),
  PRIMARY KEY (container_id, revision, gpu)
) STRICT;

CREATE INDEX gpu_holdings_by_gpu ON gpu_holdings (gpu);

-- Whatever the program believes: a device that is held whole is no other container's.
CREATE TRIGGER gpu_held_whole BEFORE INSERT ON gpu_holdings
WHEN EXISTS (
  SELECT 1 FROM gpu_holdings AS held
  WHERE held.gpu = NEW.gpu AND held.container_id <> NEW.container_id AND (held.memory IS NULL OR NEW.memory IS NULL)
)
BEGIN
  SELECT RAISE(ABORT, 'the GPU is held by another container');
END;

-- Containers that wait for GPUs, in the order in which they came.
CREATE TABLE gpu_queue (
  place INTEGER PRIMARY KEY AUTOINCREMENT,
  container_id TEXT NOT NULL UNIQUE REFERENCES containers (id) ON DELETE CASCADE,
  -- How often one that came later got devices that would have done for this one.
  overtaken INTEGER NOT NULL DEFAULT 0,
  -- 1: it was told as an event that it waits.
  announced INTEGER NOT NULL DEFAULT 0 CHECK (announced IN (0, 1))
) STRICT;

-- What happened, the newest 10,000. An id is never given twice: readers resume by it.
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  -- Whose container; NULL: about the machine.
  owner TEXT,
  container_id TEXT,
  -- JSON, as src/store/events.ts writes it.
  data TEXT NOT NULL
) STRICT;

CREATE INDEX events_by_owner ON events (owner, id);
