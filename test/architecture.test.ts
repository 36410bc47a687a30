import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** Which folders of src/ each folder may import from, besides itself. Types count as imports, except where noted. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  store: ['domain'],
  engine: ['domain'],
  auth: ['domain'],
  gpu: ['domain'],
  logs: ['domain'],
  gateway: ['domain'],
  schedule: ['domain'],
  reconcile: ['domain', 'engine', 'store', 'schedule'],
  api: ['domain', 'store', 'auth', 'logs'],
  client: [],
  // Nothing but config.ts lies in src/ itself besides the entries: doctor reads what berthd would.
  cli: ['client', 'domain', ''],
};

/** The client speaks the API's own types; nothing of the API may run in it. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = { client: ['api'] };

const IMPORT = /^(?:import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']+)'/gms;

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(IMPORT)].flatMap(([, typeOnly, target = '']) => {
    const path = relative(SRC, resolve(dirname(file), target));
    const to = path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
    const own = relative(SRC, file);
    const from = own.includes('/') ? own.slice(0, own.indexOf('/')) : '';
    return from === to ? [] : [{ file: own, from, to, typeOnly: typeOnly !== undefined }];
  });
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SRC, name));

test('every folder of src/ has a place in the order of imports', () => {
  const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map((entry) => entry.name).filter((name) => !(name in MAY_IMPORT))).toEqual([]);
});

test('imports point one way: towards the domain', () => {
  const wrong = files
    .flatMap(importsOf)
    .filter(({ from, to, typeOnly }) => {
      if (from === '') return false;
      if (MAY_IMPORT[from]?.includes(to)) return false;
      return !(typeOnly && TYPES_ONLY[from]?.includes(to));
    })
    .map(({ file, to }) => `${file} imports from ${to === '' ? 'src/ itself' : to}`);
  expect(wrong).toEqual([]);
});

test('only the composition roots wire folders together', () => {
  const roots = new Set([
    'daemon.ts',
    'gpu-parts.ts',
    'berthd.ts',
    'gateway.ts',
    'cli.ts',
    'config.ts',
    'log.ts',
  ]);
  const top = files.map((file) => relative(SRC, file)).filter((name) => !name.includes('/'));
  expect(top.filter((name) => !roots.has(name))).toEqual([]);
});

test('the environment is read in one place of each process', () => {
  const readers = files
    .filter((file) => /process\.env\b/.test(readFileSync(file, 'utf8')))
    .map((file) => relative(SRC, file));
  expect(readers.toSorted()).toEqual(['berthd.ts', 'cli/connection.ts', 'gateway/settings.ts']);
});
