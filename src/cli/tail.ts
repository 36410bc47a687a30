import { InvalidArgumentError } from 'commander';

/** Reads what `--tail` of a stream says. */
export function parseTail(text: string): number | 'all' {
  if (text === 'all') return text;
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('write a number, or "all".');
  return Number(text);
}
