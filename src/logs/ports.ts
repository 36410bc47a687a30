import type { Container } from '../domain/container.ts';
import type { Instance } from '../domain/instance.ts';
import type { LogLine } from '../domain/log-line.ts';
import type { ContainerChanges } from './changes.ts';

/** What the engine keeps of each instance's output. src/engine/engine.ts tells more of each method. */
export interface Journals {
  instances(containerId: string, signal: AbortSignal): Promise<readonly Instance[]>;
  /** Lines in the order they were taken; of those before `since` some may come, of those after it none is missing. */
  logs(
    instanceId: string,
    selection: { readonly since: string | null; readonly tail: number | null; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<LogLine>;
}

/** What a LogReader reads from: the engine, the store, and word of what changed. */
export interface LogSources {
  readonly engine: Journals;
  readonly containers: { get(id: string): Promise<Container | undefined> };
  readonly changes: ContainerChanges;
}

/** Why the engine would not: its errors say so in `kind`, `gone` and `unavailable` among others (EngineErrorKind). */
export function refusalOf(error: unknown): unknown {
  return error instanceof Error && 'kind' in error ? error.kind : undefined;
}
