/**
 * A pattern for whole numbers from `min` (1 or more) to `max`, as digits without leading zeros: in the document a text
 * has no least and no greatest. Not anchored.
 */
export function wholeNumbers(min: number, max: number): string {
  const [from, to] = [String(min), String(max)];
  if (from.length === to.length) return `(?:${between(from, to).join('|')})`;
  const shortest = between(from, '9'.repeat(from.length));
  const longest = between(`1${'0'.repeat(to.length - 1)}`, to);
  const middle = to.length - from.length > 1 ? [`[1-9]${anyDigits(from.length, to.length - 2)}`] : [];
  return `(?:${[...shortest, ...middle, ...longest].join('|')})`;
}

/** Numbers of equally many digits. */
function between(low: string, high: string): string[] {
  const [lowDigit, highDigit] = [Number(low.charAt(0)), Number(high.charAt(0))];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (lowDigit === highDigit && lowRest !== '')
    return between(lowRest, highRest).map((rest) => lowDigit + rest);
  const fromWhole = /^0*$/.test(lowRest);
  const toWhole = /^9*$/.test(highRest);
  const first = fromWhole ? lowDigit : lowDigit + 1;
  const last = toWhole ? highDigit : highDigit - 1;
  return [
    ...(fromWhole ? [] : between(lowRest, highRest.replace(/./g, '9')).map((rest) => lowDigit + rest)),
    ...(first > last ? [] : [oneOf(first, last) + anyDigits(lowRest.length)]),
    ...(toWhole ? [] : between(lowRest.replace(/./g, '0'), highRest).map((rest) => highDigit + rest)),
  ];
}

function oneOf(first: number, last: number): string {
  return first === last ? String(first) : `[${first}-${last}]`;
}

function anyDigits(least: number, most = least): string {
  if (most === 0) return '';
  if (least < most) return `[0-9]{${least},${most}}`;
  return most === 1 ? '[0-9]' : `[0-9]{${most}}`;
}
