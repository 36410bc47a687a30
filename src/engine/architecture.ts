import type { ImageReference } from '../domain/image-reference.ts';
import { EngineError } from './engine.ts';
import { quoted } from './image-name.ts';

/** What else a processor runs: an older kind of its own family. */
const ALSO_RUNS: ReadonlyMap<string, string> = new Map([
  ['amd64', '386'],
  ['arm64', 'arm'],
]);

/** Throws EngineError where an image, by its config, is for another kind of machine than the engine's. */
export function checkArchitecture(
  image: ImageReference,
  built: { readonly os: string; readonly architecture: string },
  machine: string,
): void {
  const runs = [machine, ALSO_RUNS.get(machine), ''].includes(built.architecture);
  if (runs && ['linux', ''].includes(built.os)) return;
  const target = built.os === 'linux' ? built.architecture : `${built.os}/${built.architecture}`;
  throw new EngineError(
    'image-architecture',
    `image ${quoted(image)} is built for ${target} and this machine is ${machine}`,
  );
}
