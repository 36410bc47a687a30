import { chmodSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { InstallationStore } from '../../src/store/installation.ts';
import { SCHEMA_VERSION } from '../../src/store/migrations.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('the database', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const file = () => join(folder.path, 'data', 'berth.db');
  const open = () => openDatabase(join(folder.path, 'data'));

  /** Makes the database where there is none, writes to it, and closes it. */
  async function use(): Promise<void> {
    const database = open();
    await new InstallationStore(database).id('one');
    await database.destroy();
  }

  /** Changes the file with other hands than berth's. */
  function tamper(change: (sqlite: BetterSqlite.Database) => void): void {
    const sqlite = new BetterSqlite(file());
    change(sqlite);
    sqlite.close();
  }

  test('is for its owner alone', async () => {
    await use();
    expect(statSync(join(folder.path, 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    chmodSync(file(), 0o644);
    await use();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test('is what schema.sql says, of its version, strict and in WAL mode', async () => {
    await use();
    tamper((sqlite) => {
      expect(sqlite.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
      expect(sqlite.pragma('journal_mode', { simple: true })).toBe('wal');
      const tables = sqlite
        .prepare(
          "select name, strict from pragma_table_list where schema = 'main' and name not like 'sqlite_%'",
        )
        .all();
      expect(tables.length).toBeGreaterThan(4);
      expect(tables).toEqual(tables.map((table) => ({ ...Object(table), strict: 1 })));
    });
  });

  test('keeps what was written', async () => {
    const first = open();
    expect(await new InstallationStore(first).id('one')).toBe('one');
    await first.destroy();
    const second = open();
    expect(await new InstallationStore(second).id('two')).toBe('one');
    await second.destroy();
  });

  test('of a newer schema is refused and left as it is', async () => {
    await use();
    // As a power cut leaves it: what was committed last stands in a second file.
    const files = [file(), `${file()}-wal`];
    let before: Buffer[] = [];
    tamper((sqlite) => {
      sqlite.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
      before = files.map((name) => readFileSync(name));
    });
    for (const [index, name] of files.entries()) writeFileSync(name, before[index] ?? '');
    expect(open).toThrow(/newer berth.*Install that version again/s);
    expect(files.map((name) => readFileSync(name))).toEqual(before);
  });

  test('that is damaged is refused and left as it is', async () => {
    await use();
    const bytes = readFileSync(file());
    bytes.fill(0xff, 4096, 4096 + 512);
    writeFileSync(file(), bytes);
    expect(open).toThrow(/can't be used: .*(damaged|malformed).*restore it from a backup/s);
    expect(readFileSync(file()).equals(bytes)).toBe(true);
  });

  test('that lacks a table is refused, and so is an empty one where berth has run', async () => {
    await use();
    tamper((sqlite) => sqlite.exec('drop table hostnames'));
    expect(open).toThrow(/lacks hostnames/);
    writeFileSync(file(), '');
    writeFileSync(join(folder.path, 'data', 'installation'), 'one');
    expect(open).toThrow(/empty, though berth has run here/);
    expect(statSync(file()).size).toBe(0);
  });

  test('that is no database is refused and left as it is', async () => {
    await use();
    copyFileSync(import.meta.filename, file());
    expect(open).toThrow(/can't be used: file is not a database/);
    expect(readFileSync(file()).equals(readFileSync(import.meta.filename))).toBe(true);
  });

  test('in use by another berthd is refused', async () => {
    const first = open();
    await new InstallationStore(first).id('one');
    expect(open).toThrow(/another berthd runs on this data folder/);
    await first.destroy();
  });

  test('gives addresses in turn and begins anew at the end of the range', async () => {
    const database = open();
    const installation = new InstallationStore(database);
    await installation.id('one');
    const given: number[] = [];
    for (let n = 0; n < 5; n++) given.push(await installation.nextAddress(10, 12));
    expect(given).toEqual([10, 11, 12, 10, 11]);
    expect(await installation.nextAddress(50, 60)).toBe(50);
    await database.destroy();
  });
});
