import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CARD_FIELDS, parseCardRows } from '../../src/gpu/card-rows.ts';
import { readAnswer } from '../../src/gpu/look.ts';
import { parseMigInstances } from '../../src/gpu/mig-instances.ts';
import { parseOffBus, parsePciAddress, parsePciAddresses } from '../../src/gpu/pci-address.ts';
import { parseTopology } from '../../src/gpu/topology.ts';

const MIB = 1024 ** 2;

/** Text that is no line of any of the outputs, or nearly one. */
const noise = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '0',
          'GPU-1',
          '[N/A]',
          'ERR!',
          ', ',
          ',',
          '\r\n',
          '\t',
          ' X ',
          'NV12',
          'GPU0',
          'GPU 0: ',
        ),
        fc.constantFrom('(UUID: ', 'MIG-1', ')', 'MIG 1g.5gb', ' Device 0: ', '0000:03:00.0', '\u001b[4m'),
        fc.constantFrom('device handle for GPU', 'CPU Affinity', '[GPU is lost]', '[GPU requires reset]'),
      ),
    )
    .map((parts) => parts.join('')),
);

const marker = fc.constantFrom('[N/A]', 'N/A', '[Not Supported]', '[Unknown Error]', 'ERR!', '');

describe('the cards', () => {
  const card = fc.record({
    uuid: fc.uuid().map((uuid) => `GPU-${uuid}`),
    name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ()-]{0,40}[A-Za-z0-9)]$/),
    total: fc.nat(1_000_000),
    used: fc.oneof(fc.nat(1_000_000), marker),
    utilization: fc.oneof(fc.nat(100), marker),
    temperature: fc.oneof(fc.integer({ min: -20, max: 120 }), marker),
    power: fc.oneof(
      fc.nat(100_000).map((value) => (value / 100).toFixed(2)),
      marker,
    ),
    mig: fc.constantFrom('Enabled', 'Disabled', '[N/A]'),
  });
  const distinct = fc.uniqueArray(card, { selector: (one) => one.uuid, maxLength: 16 });
  const numberIn = (field: string | number) => {
    const text = String(field);
    return /^-?\d/.test(text) ? Number(text) : null;
  };

  test('are read back whatever lines stand between them', () => {
    const warning = fc
      .constantFrom('', '  ', 'Warning: infoROM is corrupted at gpu 0000:03:00.0', 'NVML: a, b, c', '1, 2, 3')
      .map((line) => `${line}\n`);
    fc.assert(
      fc.property(distinct, fc.array(warning), fc.constantFrom('\n', '\r\n'), (cards, warnings, end) => {
        const rows = cards.map(
          (one, index) =>
            `${index}, ${one.uuid}, ${one.name}, ${one.total}, ${one.used}, ${one.utilization}, ${one.temperature}, ${one.power}, ${one.mig}, 550.54${end}`,
        );
        const text = rows.flatMap((row, at) => [warnings[at] ?? '', row]).join('') + warnings.join('');
        const used = (field: string | number) => {
          const value = numberIn(field);
          return value === null ? null : value * MIB;
        };
        expect(parseCardRows(text)).toEqual({
          cards: cards.map((one, index) => ({
            index,
            uuid: one.uuid,
            name: one.name.replace(/ +/g, ' '),
            memoryBytes: one.total * MIB,
            reading: {
              memoryUsedBytes: used(one.used),
              utilization: numberIn(one.utilization),
              temperature: numberIn(one.temperature),
              power: numberIn(one.power),
            },
            mig: one.mig === 'Enabled',
            state: { kind: 'usable' },
          })),
          nameless: [],
        });
      }),
    );
  });

  test('of whatever is said are each told once, with sound values', () => {
    fc.assert(
      fc.property(noise, (text) => {
        const { cards } = parseCardRows(text);
        expect(new Set(cards.map(({ uuid }) => uuid)).size).toBe(cards.length);
        for (const { name, memoryBytes, reading } of cards) {
          expect(name === null || !/\p{C}/u.test(name)).toBe(true);
          expect(memoryBytes === null || Number.isSafeInteger(memoryBytes)).toBe(true);
          expect(
            reading.utilization === null || (reading.utilization >= 0 && reading.utilization <= 100),
          ).toBe(true);
        }
      }),
    );
  });

  test('need a reset where any field says so, and are off the bus where any says that', () => {
    const field = fc.integer({ min: 2, max: 9 });
    fc.assert(
      fc.property(field, field, (reset, lost) => {
        const fields = ['3', 'GPU-1', 'Tesla T4', '15360', '1', '2', '30', '9.60', '[N/A]', '550.54'];
        const needing = parseCardRows(fields.with(reset, '[GPU requires reset]').join(', ')).cards[0];
        expect(needing?.state).toMatchObject({
          kind: 'lost',
          reason: expect.stringContaining('--gpu-reset -i 3'),
        });
        const gone = parseCardRows(
          fields.with(reset, '[GPU requires reset]').with(lost, '[GPU is lost]').join(', '),
        ).cards[0];
        expect(gone?.state).toMatchObject({ kind: 'lost', reason: expect.stringContaining('off the bus') });
      }),
    );
  });

  test.each([
    ['a column too few', '0, GPU-1, Tesla T4, 15360, 1, 2, 30, 9.60'],
    ['a column too many', '0, GPU-1, Tesla T4, 15360, 1, 2, 30, 9.60, [N/A], 550.54, more'],
    ['no number', 'x, GPU-1, Tesla T4, 15360, 1, 2, 30, 9.60, [N/A], 550.54'],
    ['no uuid', '0, , Tesla T4, 15360, 1, 2, 30, 9.60, [N/A], 550.54'],
    ['a uuid of odd characters', '0, GPU-1;reboot, Tesla T4, 15360, 1, 2, 30, 9.60, [N/A], 550.54'],
    ['a word for all cards', '0, all, Tesla T4, 15360, 1, 2, 30, 9.60, [N/A], 550.54'],
    ['a number for a uuid', '0, 1, Tesla T4, 15360, 1, 2, 30, 9.60, [N/A], 550.54'],
    ['the heading', CARD_FIELDS.join(', ')],
  ])('are none in a line with %s', (_, line) => {
    expect(parseCardRows(line)).toEqual({ cards: [], nameless: [] });
  });

  test('have names fit for a terminal and a log', () => {
    const { cards } = parseCardRows(
      '0, GPU-1, Evil\u001b[31m\u202e Card\u0000, 1, 1, 2, 30, 9.60, [N/A], 550.54',
    );
    expect(cards[0]?.name).toBe('Evil [31m Card');
  });

  test('of one uuid count once', () => {
    const line = '0, GPU-1, Tesla T4, 15360, 1, 2, 30, 9.60, [N/A], 550.54';
    expect(parseCardRows(`${line}\n${line.replace('0,', '1,')}\n`).cards).toHaveLength(1);
  });
});

describe('MIG instances', () => {
  test('of whatever is said are each told once', () => {
    fc.assert(
      fc.property(noise, (text) => {
        const all = [...parseMigInstances(text).values()].flat().map(({ uuid }) => uuid);
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  test.each([
    ['1g.5gb', 5],
    ['7g.80gb', 80],
    ['1g.10gb+me', 10],
    ['1c.3g.20gb', 20],
    ['1g.24gb-me', 24],
    ['2g.nogb', null],
  ])('%s has %s GiB', (profile, gibibytes) => {
    const text = `GPU 0: NVIDIA A100 (UUID: GPU-1)\n  MIG ${profile.padEnd(12)}Device  0: (UUID: MIG-1)\n`;
    expect(parseMigInstances(text).get('GPU-1')).toEqual([
      { uuid: 'MIG-1', profile, memoryBytes: gibibytes === null ? null : gibibytes * 1024 ** 3 },
    ]);
  });
});

describe('how near cards are', () => {
  const paths = ['SYS', 'NODE', 'PHB', 'PXB', 'PIX', 'NV1', 'NV4', 'NV18'];
  const path = fc.constantFrom(...paths);

  test('is read back from any matrix, with other devices or without, underlined or not', () => {
    const matrix = fc
      .integer({ min: 1, max: 8 })
      .chain((size) =>
        fc.array(fc.array(path, { minLength: size, maxLength: size }), { minLength: size, maxLength: size }),
      );
    fc.assert(
      fc.property(matrix, fc.nat(3), fc.boolean(), (cells, nics, underlined) => {
        const extra = Array.from({ length: nics }, (_, at) => `mlx5_${at}`);
        const titles = [...cells.map((_, at) => `GPU${at}`), ...extra, 'CPU Affinity', 'NUMA Affinity'];
        const header = `\t${titles.join('\t')}`;
        const rows = cells.map(
          (row, a) =>
            `GPU${a}\t${[...row.map((cell, b) => (a === b ? ' X ' : cell)), ...extra.map(() => 'SYS')].join('\t')}\t0-31\tN/A`,
        );
        const near = parseTopology(
          [underlined ? `\u001b[4m${header}\u001b[0m` : header, ...rows, 'Legend:'].join('\n'),
        );
        const flat = cells
          .flatMap((row, a) => row.map((cell, b) => ({ cell, a, b })))
          .filter(({ a, b }) => a !== b);
        for (const one of flat) {
          for (const other of flat) {
            const order = Math.sign(paths.indexOf(one.cell) - paths.indexOf(other.cell));
            expect(Math.sign(near(one.a, one.b) - near(other.a, other.b))).toBe(order);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('is never less than nothing, whatever is said', () => {
    fc.assert(
      fc.property(noise, fc.nat(9), fc.nat(9), (text, a, b) => {
        expect(parseTopology(text)(a, b)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('is nothing where a heading is blanks without end', () => {
    expect(parseTopology(`GPU0${' '.repeat(2_000_000)}x`)(0, 1)).toBe(0);
  });
});

describe('where cards sit', () => {
  test.each([
    ['00000000:03:00.0', '0000:03:00'],
    ['0000000F:01:00.0', '000f:01:00'],
    ['0000:AF:00', '0000:af:00'],
    ['00008ED0:00:00.0', '8ed0:00:00'],
  ])('%s is %s', (text, address) => {
    expect(parsePciAddress(text)).toBe(address);
  });

  test('is taken from an answer that makes sense, and from no other', () => {
    const good = 'GPU-1, 00000000:03:00.0\nGPU-2, 00000000:04:00.0\n';
    expect([...parsePciAddresses(good)]).toEqual([
      ['0000:03:00', 'GPU-1'],
      ['0000:04:00', 'GPU-2'],
    ]);
    for (const bad of [
      'GPU-3, [N/A]\n',
      'GPU-3, 00000000:03:00.0\n',
      'GPU-1, 00000000:05:00.0\n',
      'Hello\n',
    ]) {
      expect(parsePciAddresses(good + bad).size).toBe(0);
    }
  });

  test('of cards that are gone', () => {
    const text = [
      'Unable to determine the device handle for GPU 0000:03:00.0: GPU is lost.  Reboot the system to recover this GPU',
      'Unable to determine the device handle for GPU0000:07:00.0: Unknown Error',
      'Unable to determine the device handle for GPU0: 0000:01:00.0: Unknown Error',
      'Unable to determine the device handle for GPU 0000:03:00.0: GPU is lost.',
    ].join('\n');
    expect(parseOffBus(text)).toEqual(['0000:03:00', '0000:07:00', '0000:01:00']);
  });
});

test('whatever nvidia-smi says and exits with comes to a look, whose reason is a line', () => {
  const code = fc.oneof(fc.constantFrom(0, 2, 6, 9, 15, 18, 255), fc.nat(255));
  fc.assert(
    fc.property(noise, noise, code, (stdout, stderr, code) => {
      const look = readAnswer({ kind: 'ended', code, stdout, stderr });
      const reason = 'reason' in look ? look.reason : null;
      expect(reason === null || (reason !== '' && !/\p{C}/u.test(reason))).toBe(true);
    }),
  );
});
