import type { Readable } from 'node:stream';
import type { ImageReference } from '../domain/image-reference.ts';
import { DeadlineError, withDeadline } from './deadline.ts';
import { PullAnswer } from './docker-answers.ts';
import type { DockerClient } from './docker-client.ts';
import { EngineError, type PullProgress } from './engine.ts';
import { jsonLines } from './json-lines.ts';
import { PullMeter } from './pull-progress.ts';
import { explainPull, stalled } from './pull-refusal.ts';
import { Refusal } from './refusal.ts';
import type { RegistryAuth } from './registry-credentials.ts';

/** How to pull: with which credentials, and after how many milliseconds of silence to give up. */
export interface PullOptions {
  readonly auth: RegistryAuth | undefined;
  readonly stall: number;
  readonly onProgress: PullProgress;
}

/** Pulls an image (`POST /images/create`). Rejects with EngineError; the engine gives the pull up when we do. */
export async function pullImage(
  client: DockerClient,
  image: ImageReference,
  options: PullOptions,
  signal: AbortSignal,
): Promise<void> {
  await client.session(signal, true);
  try {
    const stream = await begin(client, image, options, signal);
    try {
      await follow(stream, image, options, signal);
    } finally {
      stream.destroy();
    }
  } catch (error) {
    const silent = error instanceof EngineError ? error.cause : error;
    if (!(silent instanceof DeadlineError) || signal.aborted) throw client.broken(error, signal);
    // Is it the registry that is silent, or the engine?
    await client.session(signal, true);
    throw stalled(image, options.stall);
  }
}

// The head of the answer comes with its first line: it too waits for the registry.
function begin(client: DockerClient, image: ImageReference, options: PullOptions, signal: AbortSignal) {
  return client.open({
    method: 'POST',
    path: '/images/create',
    query: { fromImage: image.name, tag: image.digest ?? image.tag ?? '' },
    registryAuth: options.auth,
    deadline: options.stall,
    signal,
    explain: (refusal) => explainPull(image, refusal),
  });
}

async function follow(
  stream: Readable,
  image: ImageReference,
  { stall, onProgress }: PullOptions,
  signal: AbortSignal,
): Promise<void> {
  const meter = new PullMeter();
  const lines = jsonLines(stream);
  for (;;) {
    const next = await withDeadline(stall, signal, () => lines.next());
    if (next.done) return;
    const line = PullAnswer.parse(next.value);
    const problem = line.errorDetail?.message ?? line.error;
    if (problem !== undefined) throw explainPull(image, new Refusal(200, problem));
    onProgress(meter.take(line));
  }
}
