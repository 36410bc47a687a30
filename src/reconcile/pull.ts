import type { Logger } from 'pino';
import type { Revision } from '../domain/container.ts';
import { type Engine, EngineError, type PullProgress } from '../engine/engine.ts';

/**
 * Sees to it that the revision's image is here. A new revision asks the registry, so that a tag that moved is followed;
 * an image that was made on this machine, or is named by digest, or that served already, is taken as it is. Where the
 * registry refuses or is away, an image that is here will do.
 */
export async function pullImage(
  { spec, outcome }: Revision,
  { engine, log }: { readonly engine: Pick<Engine, 'findImage' | 'pull'>; readonly log: Logger },
  onProgress: PullProgress,
  signal: AbortSignal,
): Promise<void> {
  const { image } = spec;
  const local = await engine.findImage(image, signal);
  if (local !== undefined && (!local.fromRegistry || image.digest !== null || outcome.kind === 'ready'))
    return;
  try {
    await engine.pull(image, onProgress, signal);
  } catch (error) {
    const hasOther = local !== undefined && error instanceof EngineError && error.kind !== 'unavailable';
    if (!hasOther || error.kind === 'image-architecture') throw error;
    log.warn(
      { image: image.text, reason: error.message },
      'the registry gave no image; using the one that is here',
    );
  }
}
