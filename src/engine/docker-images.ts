import type { ImageReference } from '../domain/image-reference.ts';
import { checkArchitecture } from './architecture.ts';
import type { Deadlines } from './deadlines.ts';
import { ImageAnswer } from './docker-answers.ts';
import type { DockerClient } from './docker-client.ts';
import { EngineError, type PullProgress } from './engine.ts';
import { engineName, quoted } from './image-name.ts';
import { pullImage } from './pull.ts';
import { explainRefusal, type Refusal } from './refusal.ts';
import type { CredentialStore } from './registry-credentials.ts';

/** The engine's images, and how they come from their registries. */
export class DockerImages {
  readonly #client: DockerClient;
  readonly #credentials: CredentialStore;
  readonly #deadlines: Deadlines;

  constructor(client: DockerClient, credentials: CredentialStore, deadlines: Deadlines) {
    this.#client = client;
    this.#credentials = credentials;
    this.#deadlines = deadlines;
  }

  /** Whether the image is here, and whether a registry knows it too. */
  async find(
    image: ImageReference,
    signal: AbortSignal,
  ): Promise<{ readonly fromRegistry: boolean } | undefined> {
    try {
      const found = await this.#inspect(image, signal);
      return { fromRegistry: (found.RepoDigests ?? []).length > 0 };
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'gone') return undefined;
      throw error;
    }
  }

  /** Pulls the image, and checks that this machine runs it. */
  async pull(image: ImageReference, onProgress: PullProgress, signal: AbortSignal): Promise<void> {
    const auth = await this.#credentials.find(image.registry, signal);
    await pullImage(this.#client, image, { auth, stall: this.#deadlines.pullStall, onProgress }, signal);
    await this.check(image, signal);
  }

  /** Gives the image's environment, `NAME=value` each; rejects where it is not here, or is built for another kind of machine. */
  async check(image: ImageReference, signal: AbortSignal): Promise<readonly string[]> {
    const built = await this.#inspect(image, signal);
    const { architecture } = await this.#client.session(signal);
    checkArchitecture(image, { os: built.Os, architecture: built.Architecture }, architecture);
    return built.Config?.Env ?? [];
  }

  #inspect(image: ImageReference, signal: AbortSignal) {
    const explain = (refusal: Refusal) =>
      refusal.status === 404
        ? new EngineError('gone', `image ${quoted(image)} is not on this machine`, refusal)
        : explainRefusal(refusal);
    const path = `/images/${engineName(image)}/json`;
    return this.#client.ask({ path, deadline: this.#deadlines.read, signal, explain }, ImageAnswer);
  }
}
