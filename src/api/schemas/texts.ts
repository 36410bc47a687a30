import { z } from '@hono/zod-openapi';

/** Says `message` for whatever is wrong with a field, but for its absence. */
export function saying(message: string) {
  return { error: (issue: { input?: unknown }) => (issue.input === undefined ? 'is required' : message) };
}

/** No NUL, as a pattern for the document. */
export const NO_NUL = '^[^\\u0000]*$';

/** Text without NUL, which neither Docker nor the kernel can carry, nor half a character (a lone surrogate). */
export function plainText(message: string, maxLength: number) {
  return z
    .string(saying(message))
    .max(maxLength, `must have at most ${maxLength} characters`)
    .refine((text) => !text.includes('\0'), 'must not contain a NUL character')
    .refine((text) => text.isWellFormed(), 'must be Unicode text')
    .openapi({ pattern: NO_NUL });
}
