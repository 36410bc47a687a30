import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { ContainerStore } from '../../src/store/containers.ts';
import { openDatabase } from '../../src/store/database.ts';
import { EventStore } from '../../src/store/events.ts';

const OLD_SCHEMA = readFileSync(join(import.meta.dirname, 'schema-1.sql'), 'utf8');
const SCHEMA = readFileSync(join(import.meta.dirname, '../../schema.sql'), 'utf8');

/** A database as the version 1 program left it, with one container. */
function oldDatabase(folder: string): void {
  using sqlite = closing(new BetterSqlite(join(folder, 'berth.db')));
  sqlite.open.exec(OLD_SCHEMA);
  sqlite.open.pragma('user_version = 1');
  sqlite.open.exec(`
    INSERT INTO containers VALUES ('c1', 'ada', 1000, 1000, 1, 1, 'deployed', NULL);
    INSERT INTO revisions VALUES ('c1', 1, '${OLD_SPEC}', 'ready', NULL, 1000);
  `);
}

const OLD_SPEC = JSON.stringify({
  name: 'web',
  image: 'web:1',
  cpu: 1,
  ram: '64Mi',
  gpu: 0,
  ephemeralStorage: '1Gi',
  command: null,
  arguments: null,
  env: [],
  port: 80,
  desiredGPUs: null,
  hostnames: [],
  healthPath: null,
  requestTimeout: '5m',
  volumes: [],
});

function closing(open: BetterSqlite.Database) {
  return { open, [Symbol.dispose]: () => void open.close() };
}

/** What SQLite keeps of a schema, without comments and white space. */
function shapeOf(open: BetterSqlite.Database): readonly unknown[] {
  const rows = open
    .prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name')
    .pluck()
    .all();
  return rows.map((sql) => String(sql).replaceAll(/--.*$/gm, '').replaceAll(/\s+/g, ' '));
}

test('an older database is brought up to schema.sql, and what it holds is there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-migrate-'));
  try {
    oldDatabase(folder);
    const db = openDatabase(folder);
    const containers = new ContainerStore(db, new EventStore(db, Date.now));
    expect(await containers.get('c1')).toMatchObject({
      status: 'deployed',
      latest: { spec: { name: 'web', gpuMemory: null, shmSize: null } },
    });
    await db.destroy();
    using migrated = closing(new BetterSqlite(join(folder, 'berth.db'), { readonly: true }));
    using made = closing(new BetterSqlite(':memory:').exec(SCHEMA));
    expect(shapeOf(migrated.open)).toEqual(shapeOf(made.open));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
