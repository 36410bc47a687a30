import { expect, test } from 'vitest';
import { chooseApiVersion } from '../../src/engine/api-version.ts';

const offer = (version: string, apiVersion: string, minApiVersion: string) => ({
  version,
  apiVersion,
  minApiVersion,
});

test.for([
  ['20.10.24', '1.41', '1.12', '1.41'],
  ['26.1.5', '1.45', '1.24', '1.45'],
  ['28.5.2', '1.51', '1.24', '1.51'],
  ['29.0.0', '1.52', '1.44', '1.51'],
] as const)('with Engine %s, API %s (from %s), berth speaks %4$s', ([version, api, min, spoken]) => {
  expect(chooseApiVersion(offer(version, api, min))).toBe(spoken);
});

test('an engine too old is named', () => {
  expect(() => chooseApiVersion(offer('19.03.1', '1.40', '1.12'))).toThrow(/19\.03\.1 is too old/);
});

test('an engine that is too new is named', () => {
  expect(() => chooseApiVersion(offer('40.0', '1.99', '1.60'))).toThrow(/upgrade berth/);
});
