import type { Revision } from '../domain/container.ts';
import { EngineError } from '../engine/engine.ts';
import type { Subject, Tools } from './tools.ts';

/** Does what may fail for the revision's own reasons: a final one fails a new revision, others are setbacks. */
export async function attempt(
  revision: Revision,
  subject: Subject,
  tools: Tools,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === 'unavailable') throw error;
    const { memory, containerId } = subject;
    if (error.kind === 'gone') memory.pulls.delete(revision.number);
    if (isFinal(error) && revision.outcome.kind === 'pending') {
      await failRevision(revision, containerId, error.message, tools);
    } else {
      memory.setBack(revision, { reason: error.message, now: tools.now() });
    }
  }
}

function isFinal({ kind }: EngineError): boolean {
  return kind.startsWith('image-') || ['no-gpu-access', 'cannot-start'].includes(kind);
}

/** Records that a revision won't run, and why. */
export async function failRevision(
  revision: Revision,
  containerId: string,
  reason: string,
  { containers, gpus, log }: Pick<Tools, 'containers' | 'gpus' | 'log'>,
): Promise<void> {
  log.warn({ containerId, revision: revision.number, reason }, 'revision failed');
  await containers.markFailed(containerId, revision.number, reason);
  // One that waited stands in line no more.
  if (revision.spec.gpu > 0) gpus.poke();
}
