import { z } from '@hono/zod-openapi';
import { parseImageReference } from '../../domain/image-reference.ts';
import { wholeNumbers } from './number-pattern.ts';
import { saying } from './texts.ts';

/** What comes before the tag may have 255 characters; with a digest a few less, which the document doesn't tell apart. */
const NOT_TOO_LONG = '(?!.{256,}[:@])';
/** Docker would read these as an image's id. */
const NO_ID = '(?!(?:sha256|[0-9a-f]{64})[:@])';
const PORT = `(?::${wholeNumbers(1, 65_535)})`;
const WORD_OF_HOST = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const HOST = [
  `localhost${PORT}?`,
  // A bare word is a registry only with a port; with a dot it always is.
  `${WORD_OF_HOST}${PORT}`,
  `(?:${WORD_OF_HOST}\\.)+${WORD_OF_HOST}${PORT}?`,
].join('|');
const WORD = '[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*';
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
// What has a dot and stands before a slash is a host.
const REPOSITORY = `(?:(?:${HOST}|${WORD})(?:/${PART})+|${PART})`;
const TAG = ':[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '@sha256:[0-9a-f]{64}';

/** An image with a tag, a digest or both. */
export const Image = z
  .string(saying('must be an image name with a tag or a digest, such as "nginx:1.28"'))
  .transform((text, context) => {
    const result = parseImageReference(text);
    if (result.ok) return result.image;
    context.addIssue(result.problem);
    return z.NEVER;
  })
  .openapi({
    type: 'string',
    maxLength: 512,
    pattern: `^${NOT_TOO_LONG}${NO_ID}${REPOSITORY}(?:${TAG}(?:${DIGEST})?|${DIGEST})$`,
    example: 'nginxdemos/hello:latest',
    description: 'A tag or a digest is required; "latest" is not assumed.',
  });
