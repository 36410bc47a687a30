import { z } from '@hono/zod-openapi';

/** Says `message` for whatever is wrong with a field, but for its absence. */
export function saying(message: string) {
  return { error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is required' : message) };
}

/** Text without NUL, which neither Docker nor the kernel can carry. */
export function plainText(message: string, maxLength: number) {
  return z
    .string(saying(message))
    .max(maxLength, `must have at most ${maxLength} characters`)
    .regex(/^[^\0]*$/, 'must not contain a NUL character');
}
