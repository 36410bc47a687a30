import type { ImageReference } from '../domain/image-reference.ts';

/**
 * What the engine calls an image: `name@digest` where it has a digest, since a tag may point elsewhere by now. The name is
 * whole, registry and all: of a short one the engine asks first whether an image's id begins with it, and would give
 * anybody's image to whoever guesses two digits.
 */
export function engineName(image: ImageReference): string {
  const name = wholeName(image);
  return image.digest === null ? `${name}:${image.tag}` : `${name}@${image.digest}`;
}

function wholeName({ registry, name }: ImageReference): string {
  if (registry !== 'docker.io' && registry !== 'index.docker.io') return name;
  const repository = name.startsWith(`${registry}/`) ? name.slice(registry.length + 1) : name;
  return `docker.io/${repository.includes('/') ? repository : `library/${repository}`}`;
}

/** An image's name for a message: as the client wrote it, in quotes. */
export function quoted(image: ImageReference): string {
  return `"${image.text}"`;
}
