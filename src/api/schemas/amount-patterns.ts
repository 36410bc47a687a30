import { wholeNumbers } from './number-pattern.ts';

/**
 * Patterns for the document. All that they match is taken; a few odd spellings of the same ("0h90m", "007Mi", small
 * letters in a date) are taken too and not told of there.
 */

const FRACTION = '(?:\\.[0-9]{1,9})?';
/** Up to 999 TiB, in whatever unit: beyond, no machine has it and no program counts it exactly. */
const BILLIONS = `[1-9][0-9]{0,5}${FRACTION}Gi?|[1-9][0-9]{0,2}${FRACTION}Ti?`;

/** Quantities of more than nothing. */
export const STORAGE_PATTERN =
  `^(?:[1-9][0-9]{0,14}${FRACTION}|[1-9][0-9]{0,11}${FRACTION}(?:Ki|k)|[1-9][0-9]{0,8}${FRACTION}Mi?|${BILLIONS}` +
  '|0\\.0{0,2}[1-9][0-9]{0,6}(?:Ki|k|Mi?|Gi?|Ti?))$';

/** Quantities of 6 MiB and more. */
export const RAM_PATTERN = fromMebibytes(6);

/** Quantities of 1 MiB and more. */
export const MEBIBYTES_PATTERN = fromMebibytes(1);

/** Quantities of `least` MiB (1 to 8) and more: in bytes and kilobytes only those with more digits. */
function fromMebibytes(least: number): string {
  return (
    `^(?:[1-9][0-9]{7,14}${FRACTION}|[1-9][0-9]{4,11}${FRACTION}(?:Ki|k)|${least}${FRACTION}Mi` +
    `|(?:[${least + 1}-9]|[1-9][0-9]{1,8})${FRACTION}Mi?|${BILLIONS}|0\\.(?:0[1-9]|[1-9])[0-9]{0,7}[GT]i?)$`
  );
}

/** A number of a duration has 9 digits at most. */
const LARGEST = 999_999_999;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Durations of one unit, or of hours, minutes and seconds, within bounds in milliseconds. The upper is whole hours. */
export function durationPattern(minMs: number, maxMs: number): string {
  const oneUnit = Object.entries(UNIT_MS).map(
    ([unit, ms]) => wholeNumbers(Math.ceil(minMs / ms), Math.min(Math.floor(maxMs / ms), LARGEST)) + unit,
  );
  const below60 = wholeNumbers(1, 59);
  const hours = wholeNumbers(1, maxMs / UNIT_MS.h - 1);
  const more = [`${hours}h(?:${below60}m)?(?:${below60}s)?`, `${below60}m${below60}s`];
  return `^(?:${[...oneUnit, ...more].join('|')})$`;
}

/** Without the 29th of February, which not every year has. */
const DAY =
  '(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)';
const TIME = `(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]${FRACTION}`;
const ZONE = '(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])';
/** Before 9999: an offset may lead out of that year. */
const RFC3339 = `(?:[0-8][0-9]{3}|9(?:[0-8][0-9]{2}|9[0-8][0-9]|99[0-8]))-${DAY}T${TIME}${ZONE}`;

/** What `since` takes: RFC 3339, Unix seconds, or a duration. */
export const SINCE_PATTERN = `^(?:${RFC3339}|[0-9]{1,11}${FRACTION}|(?:[0-9]{1,8}(?:ms|s|m|h)){1,4})$`;
