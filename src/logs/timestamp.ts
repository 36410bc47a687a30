import { parseDuration } from '../domain/duration.ts';

/** The earliest time that the engine can be asked for. */
const EPOCH = '1970-01-01T00:00:00.000000000Z';
const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59Z

const RFC3339 =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$/i;
const UNIX_SECONDS = /^([0-9]{1,12})(?:\.([0-9]{1,9}))?$/;

/**
 * Reads a time as RFC 3339, as Unix seconds with or without a fraction, or as a duration before `now` ("10m").
 * Gives RFC 3339 in UTC with nine digits of a second, 1970 at the earliest; undefined where the text is none of them.
 */
export function parseSince(text: string, now: Date): string | undefined {
  const duration = parseDuration(text);
  if (duration !== undefined) return fromMilliseconds(now.getTime() - duration.ms);
  const [, seconds, fraction = ''] = UNIX_SECONDS.exec(text) ?? [];
  if (seconds !== undefined) return fromSeconds(Number(seconds), fraction);
  return fromRfc3339(text);
}

/** The timestamp `ms` milliseconds before another one; 1970 at the earliest. */
export function earlier(timestamp: string, ms: number): string {
  const time = new Date(Date.parse(`${timestamp.slice(0, 23)}Z`) - ms);
  return time.getTime() <= 0 ? EPOCH : `${time.toISOString().slice(0, 23)}${timestamp.slice(23)}`;
}

function fromRfc3339(text: string): string | undefined {
  const [, day, time, fraction = '', zone] = RFC3339.exec(text) ?? [];
  if (day === undefined || time === undefined || zone === undefined) return undefined;
  // Date takes February 30 for March 2; a day that doesn't come back as it went in is none.
  const local = new Date(`${day}T${time}Z`);
  if (Number.isNaN(local.getTime()) || !local.toISOString().startsWith(`${day}T${time}`)) return undefined;
  return fromSeconds(Date.parse(`${day}T${time}${zone.toUpperCase()}`) / 1000, fraction);
}

function fromSeconds(seconds: number, fraction: string): string | undefined {
  if (seconds > LAST_SECOND) return undefined;
  if (seconds < 0) return EPOCH;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`;
}

function fromMilliseconds(ms: number): string {
  return ms <= 0 ? EPOCH : `${new Date(ms).toISOString().slice(0, 23)}000000Z`;
}
