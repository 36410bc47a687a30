import type { ImageReference } from '../domain/image-reference.ts';

/** What the engine calls an image: `name@digest` where it has a digest, since a tag may point elsewhere by now. */
export function engineName(image: ImageReference): string {
  return image.digest === null ? `${image.name}:${image.tag}` : `${image.name}@${image.digest}`;
}

/** An image's name for a message: as the client wrote it, in quotes. */
export function quoted(image: ImageReference): string {
  return `"${image.text}"`;
}
