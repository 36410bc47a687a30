import { z } from '@hono/zod-openapi';
import { NO_NUL, plainText, saying } from './texts.ts';

const MAX_WORDS = 1024;
const MAX_WORD = 128 * 1024;
/** What all names and values of the environment may have together, in bytes: more, and no program can be started. */
const MAX_ENV_BYTES = 256 * 1024;

const COMMAND = 'must be a list of texts, one text, or null';

/** `command` and `arguments`: a list of words, one word, or null to keep the image's. */
export const Command = z
  .unknown()
  .transform((value) => (typeof value === 'string' ? [value] : value))
  .pipe(
    z
      .array(plainText('must be a text', MAX_WORD), saying(COMMAND))
      .max(MAX_WORDS, `must have at most ${MAX_WORDS} entries`)
      .nullable(),
  )
  .openapi({
    anyOf: [
      {
        type: 'array',
        maxItems: MAX_WORDS,
        items: { type: 'string', maxLength: MAX_WORD, pattern: NO_NUL },
      },
      { type: 'string', maxLength: MAX_WORD, pattern: NO_NUL },
      { type: 'null' },
    ],
  });

const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]{0,254}$/;

const ENV_DOCUMENT = {
  type: 'object' as const,
  propertyNames: { pattern: VARIABLE.source, not: { enum: ['constructor', 'prototype'] } },
  additionalProperties: { type: 'string' as const, maxLength: MAX_ENV_BYTES, pattern: NO_NUL },
  example: { FOO: 'bar' },
  description: 'Replaces the whole map in an update.',
};

/** Environment variables. */
export const Env = z
  .record(
    z
      .string()
      .regex(VARIABLE, 'must be a name of letters, digits, "_", "-" and ".", not beginning with a digit'),
    plainText('must be a text: put numbers and the like in quotes', MAX_ENV_BYTES),
    saying('must be an object of texts, such as {"FOO": "bar"}'),
  )
  .refine((env) => Buffer.byteLength(Object.entries(env).join('')) <= MAX_ENV_BYTES, {
    error: `must have at most ${MAX_ENV_BYTES} bytes in all`,
  })
  .openapi(ENV_DOCUMENT);
