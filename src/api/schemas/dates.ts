/** RFC 3339 in UTC with whole seconds: "2023-09-22T15:36:06Z". */
export function date(at: Date): string {
  return at.toISOString().replace(/\.[0-9]+Z$/, 'Z');
}
