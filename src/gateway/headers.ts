/** One header line as it came: its name in the sender's case, and its value. */
export type Header = readonly [name: string, value: string];

/** The values of every line with this name (lower case), in order. */
export function headerValues(headers: readonly Header[], name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** The members of a comma-separated list header over all its lines (RFC 9110, 5.6.1), lower case. */
export function headerTokens(headers: readonly Header[], name: string): string[] {
  return headerValues(headers, name)
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}
