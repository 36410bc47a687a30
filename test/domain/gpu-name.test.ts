import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GPU_MODELS } from '../../src/domain/gpu-model.ts';
import { modelOf } from '../../src/domain/gpu-name.ts';

/** Real names and what they are; the file says where each is from. */
const PRODUCTS = readFileSync(join(import.meta.dirname, 'gpu-product-names.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t'))
  .map(([code = '', name = '']) => ({ code, name }));

const codeOf = (name: string) => modelOf(name)?.code ?? null;

describe('a product name is an entry of the catalogue', () => {
  test.each(PRODUCTS)('$name is $code', ({ name, code }) => {
    expect(codeOf(name)).toBe(code);
  });

  test('every entry is some product', () => {
    const reached = new Set(PRODUCTS.map(({ code }) => code));
    expect(GPU_MODELS.map(({ code }) => code).filter((code) => !reached.has(code))).toEqual([]);
  });
});

describe('what is near is not the same', () => {
  test.each([
    ['NVIDIA A10', 'NVIDIA A100 80GB PCIe'],
    ['NVIDIA A10', 'NVIDIA A10G'],
    ['NVIDIA A100 80GB PCIe', 'NVIDIA A100X'],
    ['NVIDIA A30', 'NVIDIA A30X'],
    ['Tesla T4', 'NVIDIA T400 4GB'],
    ['Tesla T4', 'NVIDIA T4G'],
    ['NVIDIA L40', 'NVIDIA L40S'],
    ['NVIDIA L4', 'NVIDIA L40'],
    ['Tesla V100-PCIE-32GB', 'Tesla V100S-PCIE-32GB'],
    ['GRID V100-32Q', 'GRID V100S-32Q'],
    ['NVIDIA H20', 'NVIDIA H200'],
    ['NVIDIA B200', 'NVIDIA GB200'],
    ['NVIDIA GeForce RTX 3080', 'NVIDIA GeForce RTX 3080 Ti'],
    ['NVIDIA GeForce RTX 3080', 'NVIDIA GeForce RTX 3080 Laptop GPU'],
    ['NVIDIA GeForce RTX 3080 Ti', 'NVIDIA GeForce RTX 3080 Ti Laptop GPU'],
    ['NVIDIA GeForce RTX 2070', 'NVIDIA GeForce RTX 2070 with Max-Q Design'],
    ['NVIDIA GeForce RTX 4090', 'NVIDIA GeForce RTX 4090 D'],
    ['NVIDIA GeForce RTX 4070 Ti', 'NVIDIA GeForce RTX 4070 Ti SUPER'],
    ['NVIDIA RTX A2000 12GB', 'NVIDIA RTX 2000 Ada Generation'],
    ['Quadro RTX 4000', 'NVIDIA RTX 4000 Ada Generation'],
    ['Quadro RTX 4000', 'NVIDIA RTX A4000'],
    ['NVIDIA RTX 4000 Ada Generation', 'NVIDIA RTX PRO 4000 Blackwell'],
    ['NVIDIA RTX 6000D', 'Quadro RTX 6000'],
    ['Quadro K2000', 'Tesla K20m'],
    ['Quadro P4000', 'Tesla P4'],
    ['Quadro M6000 24GB', 'Tesla M60'],
    ['Tesla K20m', 'Tesla K20Xm'],
    ['GeForce GTX TITAN X', 'NVIDIA TITAN X (Pascal)'],
    ['NVIDIA TITAN X (Pascal)', 'NVIDIA TITAN Xp'],
  ])('%s and %s', (one, other) => {
    expect(codeOf(one)).toEqual(expect.any(String));
    expect(codeOf(other)).toEqual(expect.any(String));
    expect(codeOf(one)).not.toBe(codeOf(other));
  });
});

describe('nothing is guessed', () => {
  test.each([
    '',
    'NVIDIA',
    'Tesla',
    'NVIDIA GeForce',
    'NVIDIA Graphics Device',
    'NVIDIA DGX Display',
    'NVIDIA RTX 9999',
    'NVIDIA GeForce RTX 9999',
    'NVIDIA GeForce RTX 3081',
    'NVIDIA GeForce RTX 3080 SUPER',
    'NVIDIA GeForce RTX 3090 Laptop GPU',
    'NVIDIA A1000000',
    'NVIDIA A10 0',
    'NVIDIA A100Z',
    'NVIDIA A100D',
    'NVIDIA A100Z-40C',
    'NVIDIA A100-40Z',
    'NVIDIA A100 compatible accelerator',
    'Not a T4 at all',
    'NVIDIA T4 NVIDIA T4',
    'NVIDIA A100, NVIDIA H100',
    'A100/H100',
    'NVIDIA GeForce RTX 4000',
    'GeForce A100',
    'Quadro T4',
    'Tesla RTX 6000',
    'Tesla C2075',
    'Tesla T20 Processor',
    'GeForce 210',
    'AMD Instinct MI300X',
    'Intel Arc A770',
    '80GB',
    '-40C',
    'NVIDIA -48Q',
    'PCIe',
    '__proto__',
    'constructor',
    // The Kelvin sign, a "k" in lower case.
    'Tesla \u212A80',
    'NVIDIA Ａ100',
  ])('%j is no entry', (name) => {
    expect(modelOf(name)).toBeNull();
  });

  test('no string makes it fail, and what it answers is in the catalogue', () => {
    const like = fc
      .array(fc.constantFrom(...PRODUCTS.flatMap(({ name }) => name.split(/(?<=[ -])|(?=[ -])/))), {
        maxLength: 9,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), like), (name) => {
        const model = modelOf(name);
        expect(model === null || GPU_MODELS.includes(model)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('a word that it does not know makes a card unknown', () => {
    const known = new Set(PRODUCTS.flatMap(({ name }) => name.toLowerCase().split(/[ ()-]+/)));
    const word = fc.stringMatching(/^[a-z]{5,9}$/).filter((text) => !known.has(text));
    fc.assert(
      fc.property(fc.constantFrom(...PRODUCTS), word, fc.boolean(), ({ name }, extra, first) => {
        expect(modelOf(first ? `${extra} ${name}` : `${name} ${extra}`)).toBeNull();
      }),
    );
  });
});

describe("how it is written doesn't matter", () => {
  const product = fc.constantFrom(...PRODUCTS);

  test('case and spaces', () => {
    fc.assert(
      fc.property(product, fc.constantFrom(' ', '  ', '\t', '\n'), ({ name, code }, space) => {
        const spaced = `${space}${name.replaceAll(' ', space)}${space}`;
        expect([name.toUpperCase(), name.toLowerCase(), spaced].map(codeOf)).toEqual([code, code, code]);
      }),
    );
  });

  test('whether NVIDIA stands before it', () => {
    fc.assert(
      fc.property(product, ({ name, code }) => {
        const bare = name.replace(/^NVIDIA /, '');
        expect([codeOf(bare), codeOf(`NVIDIA ${bare}`)]).toEqual([code, code]);
      }),
    );
  });

  test('whether Tesla, Quadro or GeForce does', () => {
    const branded = PRODUCTS.filter(({ name }) => /\b(Tesla|Quadro|GeForce) /.test(name));
    fc.assert(
      fc.property(fc.constantFrom(...branded), ({ name, code }) => {
        expect(codeOf(name.replace(/\b(Tesla|Quadro|GeForce) /, ''))).toBe(code);
      }),
    );
  });

  test('form factor and memory', () => {
    const forms = [
      '-SXM4-80GB',
      '-PCIE-40GB',
      ' 80GB PCIe',
      ' NVL',
      ' 80GB HBM3',
      ' 144G HBM3e',
      '-SXM2-16GB-LS',
      ' 12GB',
    ];
    const dataCentre = [
      'h100',
      'a100',
      'h200',
      'b200',
      'gh200',
      'a800',
      'a30',
      'l40s',
      'l40',
      'a10',
      'v100',
      't4',
      'p100',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...dataCentre), fc.constantFrom(...forms), (code, form) => {
        expect(codeOf(`NVIDIA ${code.toUpperCase()}${form}`)).toBe(code);
      }),
    );
  });

  test('the profile of a vGPU', () => {
    const profile = fc
      .tuple(
        fc.constantFrom('', '1-', '7-'),
        fc.integer({ min: 0, max: 180 }),
        fc.constantFrom('A', 'B', 'C', 'Q', 'CME', 'B4'),
      )
      .map((parts) => `-${parts.join('')}`);
    const card = fc.constantFrom(
      'h100',
      'a100',
      'a40',
      'a16',
      'a10',
      'l40',
      'l40s',
      'l4',
      't4',
      'v100',
      'v100s',
      'p40',
      'm60',
    );
    fc.assert(
      fc.property(card, fc.constantFrom('GRID', 'NVIDIA', 'NVIDIA GRID'), profile, (code, brand, suffix) => {
        expect(codeOf(`${brand} ${code.toUpperCase()}${suffix}`)).toBe(code);
      }),
    );
  });
});
