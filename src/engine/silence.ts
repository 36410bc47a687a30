import { DeadlineError } from './deadline.ts';
import { type DockerHost, placeOf } from './docker-host.ts';
import { EngineError } from './engine.ts';

/** What it means that the engine gave no answer, or one that broke off. */
export function explainSilence(host: DockerHost, error: unknown): EngineError {
  const place = placeOf(host);
  if (error instanceof DeadlineError) {
    return new EngineError('unavailable', `the container engine at ${place} gave ${error.message}`, error);
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === undefined) {
    return new EngineError('refused', `what the container engine at ${place} says is not understood`, error);
  }
  const advice =
    code === 'EACCES' ? 'run berthd as root or as a member of the group docker' : 'is Docker running?';
  const what = code === 'EACCES' ? 'may not be opened' : 'does not answer';
  return new EngineError('unavailable', `the container engine at ${place} ${what}: ${advice}`, error);
}
