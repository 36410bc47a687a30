const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** What a duration looks like. Also the pattern in the OpenAPI document. */
export const DURATION_PATTERN = /^([0-9]{1,9}(ms|s|m|h))+$/;

/** A length of time and the text that it was given as, which is what the API echoes. */
export interface Duration {
  readonly text: string;
  readonly ms: number;
}

/** Parses "90s", "10m", "1h30m". Undefined where the text is none. */
export function parseDuration(text: string): Duration | undefined {
  if (!DURATION_PATTERN.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|s|m|h)/g)) {
    ms += Number(amount) * (UNITS.get(unit ?? '') ?? Number.NaN);
  }
  return Number.isSafeInteger(ms) ? { text, ms } : undefined;
}

/** A length of time for a person to read: "8s", "1m30s", "2h". */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return (
    parts
      .filter(([amount]) => amount > 0)
      .map(([amount, unit]) => `${amount}${unit}`)
      .join('') || '0s'
  );
}
