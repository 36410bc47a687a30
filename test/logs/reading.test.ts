import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogLine } from '../../src/domain/log-line.ts';
import { formatLineId, parseLineId } from '../../src/logs/line-id.ts';
import type { LogEvent } from '../../src/logs/log-event.ts';
import { container, instance, revision } from '../reconcile/situations.ts';
import { at, brief, JournalModel, journal, served, sinceMode } from './journal-model.ts';

const line = (nanoseconds: number, text: string): LogLine => ({
  stream: 'stdout',
  timestamp: at(nanoseconds),
  text,
});

function idOf(event: LogEvent | undefined) {
  if (event?.kind !== 'line') throw new Error('not a line');
  return event.id;
}

describe('line ids', () => {
  test('are the timestamp, and count the earlier lines that have the same', async () => {
    const model = new JournalModel('each', [line(1, 'a'), line(2, 'b'), line(1, 'c'), line(1, 'd')]);
    expect((await model.read()).map(brief)).toEqual([
      `${at(1)} a`,
      `${at(2)} b`,
      `${at(1)}~2 c`,
      `${at(1)}~3 d`,
    ]);
  });

  test('are each used once, and read back as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(journal, sinceMode, async (lines, mode) => {
        const ids = (await new JournalModel(mode, lines).read()).map(idOf);
        expect(new Set(ids.map(formatLineId)).size).toBe(lines.length);
        expect(ids.map(formatLineId).map(parseLineId)).toEqual(ids);
      }),
    );
  });

  test('of pieces of one line go on however much the other output wrote in between', async () => {
    const others = Array.from({ length: 5_000 }, (_, i) => ({
      ...line(i + 2, 'x'),
      stream: 'stderr' as const,
    }));
    const model = new JournalModel('each', [line(1, 'one'), ...others, line(1, 'two')]);
    expect(brief((await model.read()).at(-1) ?? { kind: 'revision', number: 0 })).toBe(`${at(1)}~2 two`);
  });

  test.each([
    '',
    'x',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.1Z',
    '2026-01-01T00:00:00.000000000',
    '2026-01-01T00:00:00.000000000+00:00',
    '2026-13-01T00:00:00.000000000Z',
    '2026-01-01T25:00:00.000000000Z',
    '2026-01-01T00:00:00.000000000Z~',
    '2026-01-01T00:00:00.000000000Z~0',
    '2026-01-01T00:00:00.000000000Z~1',
    '2026-01-01T00:00:00.000000000Z~02',
    '2026-01-01T00:00:00.000000000Z~2 ',
    ' 2026-01-01T00:00:00.000000000Z',
    '2026-01-01T00:00:00.000000000Z~9999999999',
  ])('are refused in any other form: %j', (text) => {
    expect(parseLineId(text)).toBeUndefined();
  });
});

describe('a log read', () => {
  test('from any line on goes on with the very next, wherever it was cut', async () => {
    await fc.assert(
      fc.asyncProperty(journal, sinceMode, fc.nat(), async (lines, mode, place) => {
        const model = new JournalModel(mode, lines);
        const all = await model.read();
        fc.pre(all.length > 0);
        const cut = 1 + (place % all.length);
        const rest = await model.read({ lastEventId: idOf(all[cut - 1]), tail: 1, since: at(1e15) });
        expect([...all.slice(0, cut), ...rest].map(brief)).toEqual(all.map(brief));
      }),
    );
  });

  test('with tail gives the last lines, with the ids that they have anyway', async () => {
    await fc.assert(
      fc.asyncProperty(journal, sinceMode, fc.nat(45), async (lines, mode, tail) => {
        const model = new JournalModel(mode, lines);
        const all = await model.read();
        const expected = tail === 0 ? [] : all.slice(-tail);
        expect((await model.read({ tail })).map(brief)).toEqual(expected.map(brief));
      }),
    );
  });

  test('with tail reads back far enough for lines that the engine keeps in many entries', async () => {
    const lines = Array.from({ length: 3_000 }, (_, i) => line(i, `line ${i}`));
    const model = new JournalModel('each', lines);
    expect((await model.read({ tail: 1_000 })).map(brief)).toEqual(
      (await model.read()).slice(-1_000).map(brief),
    );
  });

  test('with since gives the lines of that time or later, and the last of them with tail', async () => {
    await fc.assert(
      fc.asyncProperty(journal, sinceMode, fc.nat(), fc.nat(45), async (lines, mode, place, tail) => {
        fc.pre(lines.length > 0);
        const model = new JournalModel(mode, lines);
        const since = lines[place % lines.length]?.timestamp ?? '';
        const wanted = (await model.read()).filter((event) => idOf(event).timestamp >= since);
        expect((await model.read({ since })).map(brief)).toEqual(wanted.map(brief));
        const last = tail === 0 ? [] : wanted.slice(-tail);
        expect((await model.read({ since, tail })).map(brief)).toEqual(last.map(brief));
      }),
    );
  });

  test('after a line that was rotated away goes on with the first later one', async () => {
    await fc.assert(
      fc.asyncProperty(journal, sinceMode, fc.nat(), async (lines, mode, place) => {
        fc.pre(lines.length > 0);
        const gone = lines[place % lines.length];
        if (gone === undefined) throw new Error('no line');
        const kept = lines
          .slice((place % lines.length) + 1)
          .filter((one) => one.timestamp !== gone.timestamp);
        const rest = await new JournalModel(mode, kept).read({
          lastEventId: { timestamp: gone.timestamp, ordinal: 1 },
        });
        const first = kept.findIndex((one) => one.timestamp > gone.timestamp);
        const expected = first < 0 ? [] : kept.slice(first);
        expect(rest.map((event) => (event.kind === 'line' ? event.line.text : ''))).toEqual(
          expected.map((one) => one.text),
        );
      }),
    );
  });
});

describe('whose log', () => {
  test('is the serving revision, though a newer one is on its way', async () => {
    const model = new JournalModel('each', [line(1, 'old')]);
    model.journals.set(instance(2), [line(2, 'new')]);
    const of = container(revision(2), revision(1, { kind: 'ready' }));
    expect((await model.read({}, of)).map(brief)).toEqual([`${at(1)} old`]);
    expect((await model.read({ revision: 2 }, of)).map(brief)).toEqual([`${at(2)} new`]);
  });

  test('is the newest instance as long as none has served', async () => {
    const model = new JournalModel('each', [line(1, 'old')]);
    model.journals.set(instance(2), [line(2, 'new')]);
    expect((await model.read({}, container(revision(2)))).map(brief)).toEqual([`${at(2)} new`]);
  });

  test('goes from one revision to the next for a reader who missed the change', async () => {
    const model = new JournalModel('each', [line(1, 'a'), line(3, 'b')]);
    const [first] = await model.read();
    model.journals.set(instance(2), [line(2, 'c'), line(4, 'd')]);
    const events = (await model.read({ lastEventId: idOf(first) }, served(2))).map(brief);
    expect(events.toSorted()).toEqual([`${at(2)} c`, `${at(3)} b`, `${at(4)} d`, 'revision 2']);
    expect(events.indexOf('revision 2')).toBeLessThan(events.indexOf(`${at(2)} c`));
  });

  test('is empty while there is no instance', async () => {
    const model = new JournalModel('each');
    model.journals.clear();
    expect(await model.read()).toEqual([]);
  });

  test('is refused where the revision never was', async () => {
    await expect(new JournalModel('each').read({ revision: 2 })).rejects.toMatchObject({ code: 'not-found' });
  });
});
