import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogLine, LogStream } from '../../src/domain/log-line.ts';
import { LogFrameParser } from '../../src/engine/log-frames.ts';
import { LogLineAssembler } from '../../src/engine/log-lines.ts';

const AT = '2026-01-02T03:04:05.000000006Z';
const LATER = '2026-01-02T03:04:06.000000000Z';

function frame(stream: 1 | 2 | 3, payload: Uint8Array | string): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

function entry(stream: 1 | 2, bytes: Uint8Array | string, timestamp = AT): Buffer {
  return frame(stream, Buffer.concat([Buffer.from(`${timestamp} `), Buffer.from(bytes)]));
}

function linesOf(...chunks: Buffer[]): LogLine[] {
  const parser = new LogFrameParser();
  const assembler = new LogLineAssembler();
  const lines = chunks.flatMap((chunk) => parser.push(chunk)).flatMap((frame) => assembler.push(frame));
  return [...lines, ...assembler.end()];
}

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
}

const line = fc.record({
  stream: fc.constantFrom<LogStream>('stdout', 'stderr'),
  text: fc.string({ unit: 'binary', maxLength: 200 }).map((text) => text.replace(/[\n\r]/g, '')),
  timestamp: fc.constantFrom(AT, LATER),
});

describe('the log stream', () => {
  test('gives each line as it was written, wherever its frames and entries are cut', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.integer({ min: 1, max: 40 }),
        (lines, places, entryBytes) => {
          const bytes = Buffer.concat(lines.flatMap((line) => entriesOf(line, entryBytes)));
          expect(linesOf(...cut(bytes, places))).toEqual(lines);
        },
      ),
    );
  });

  test('is cut into pieces of at most 64 KiB that together are the line', () => {
    const long = fc.array(fc.constantFrom('x', 'é', '€', '😀', '\u0000'), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(long, fc.integer({ min: 0, max: 60_000 }), (units, count) => {
        const text = units.join('').repeat(Math.ceil((count * 4) / units.length));
        const pieces = linesOf(...entriesOf({ stream: 'stdout', text, timestamp: AT }, 16_384));
        expect(pieces.map((piece) => piece.text).join('')).toBe(text);
        for (const piece of pieces) {
          expect(Buffer.byteLength(piece.text)).toBeLessThanOrEqual(65_536);
          expect(piece.timestamp).toBe(AT);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('keeps the two streams apart when their partial lines overtake each other', () => {
    const chunks = [entry(1, 'out '), entry(2, 'err '), entry(1, 'end\n'), entry(2, 'end\n')];
    expect(linesOf(...chunks)).toEqual([
      { stream: 'stdout', timestamp: AT, text: 'out end' },
      { stream: 'stderr', timestamp: AT, text: 'err end' },
    ]);
  });

  test('ends a line that an exit cut short where the next run begins', () => {
    expect(linesOf(entry(1, 'cut'), entry(1, 'begin\n', LATER))).toEqual([
      { stream: 'stdout', timestamp: AT, text: 'cut' },
      { stream: 'stdout', timestamp: LATER, text: 'begin' },
    ]);
  });

  test('gives what is left when it ends amid a line', () => {
    expect(linesOf(entry(1, 'no end'))).toEqual([{ stream: 'stdout', timestamp: AT, text: 'no end' }]);
  });

  test('replaces bytes that are no UTF-8, and trims a carriage return', () => {
    expect(linesOf(entry(1, Buffer.from([0x61, 0xff, 0x62, 0x0d, 0x0a]))).map((line) => line.text)).toEqual([
      'a\ufffdb',
    ]);
  });

  test('keeps empty lines', () => {
    expect(linesOf(entry(1, '\n'), entry(1, '\r\n')).map((line) => line.text)).toEqual(['', '']);
  });

  test('writes timestamps in UTC with nine digits', () => {
    const given = ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.12Z', '2026-01-02T05:04:05.1+02:00'];
    expect(linesOf(...given.map((at) => entry(1, 'x\n', at))).map((line) => line.timestamp)).toEqual([
      '2026-01-02T03:04:05.000000000Z',
      '2026-01-02T03:04:05.120000000Z',
      '2026-01-02T03:04:05.100000000Z',
    ]);
  });

  test("fails with the engine's own message where it can't read the journal", () => {
    expect(() => linesOf(frame(3, 'Error grabbing logs: broken'))).toThrow(/broken/);
  });

  test.for([Buffer.from('HTTP/1.1 200 OK'), Buffer.from([1, 0, 0, 0, 0xff, 0, 0, 0])])(
    'refuses bytes that are no frames',
    (bytes) => {
      expect(() => linesOf(bytes)).toThrow(/frames/);
    },
  );
});

/** The journal's entries for a line, each of so many bytes at most; only the last carries the line end. */
function entriesOf(line: LogLine, entryBytes: number): Buffer[] {
  const bytes = Buffer.from(`${line.text}\n`);
  const stream = line.stream === 'stdout' ? 1 : 2;
  const count = Math.ceil(bytes.length / entryBytes);
  return Array.from({ length: count }, (_, i) => {
    const { timestamp } = line;
    return entry(stream, bytes.subarray(i * entryBytes, (i + 1) * entryBytes), timestamp);
  });
}
