import { EngineError } from './engine.ts';

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i;

/** An RFC 3339 timestamp in UTC with nine digits of a second. Throws EngineError where the text is none. */
export function normalizedTimestamp(text: string): string {
  const { seconds, nanoseconds } = parse(text);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${nanoseconds}Z`;
}

/** An RFC 3339 timestamp as the engine's `since` takes it: Unix seconds and nanoseconds, exactly. */
export function sinceParameter(text: string): string {
  const { seconds, nanoseconds } = parse(text);
  return seconds < 0 ? '0.000000000' : `${seconds}.${nanoseconds}`;
}

function parse(text: string): { seconds: number; nanoseconds: string } {
  const [, second = '', fraction = '', zone = ''] = TIMESTAMP.exec(text) ?? [];
  const milliseconds = Date.parse(`${second}${zone.toUpperCase()}`);
  if (Number.isNaN(milliseconds)) throw new EngineError('refused', 'a log timestamp is not understood');
  return { seconds: milliseconds / 1000, nanoseconds: fraction.padEnd(9, '0') };
}
