import { z } from '@hono/zod-openapi';
import { parseImageReference } from '../../domain/image-reference.ts';
import { saying } from './texts.ts';

const PORT = '(?::[0-9]{1,5})';
const HOST = [
  `localhost${PORT}?`,
  // A bare word is a registry only with a port; with a dot it always is.
  `[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?${PORT}`,
  `[A-Za-z0-9](?:[A-Za-z0-9-]*\\.)+(?:[A-Za-z0-9-]*[A-Za-z0-9])${PORT}?`,
  `\\[[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}\\]${PORT}?`,
].join('|');
const WORD = '[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*';
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = `(?:(?:(?:${HOST})/${PART}|${WORD}/${PART}|${PART})(?:/${PART})*)`;
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
    pattern: `^${REPOSITORY}(?:${TAG}(?:${DIGEST})?|${DIGEST})$`,
    example: 'nginxdemos/hello:latest',
    description: 'A tag or a digest is required; "latest" is not assumed.',
  });
