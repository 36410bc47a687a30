import type { Container } from '../domain/container.ts';
import type { Instance } from '../domain/instance.ts';
import type { LogSources } from './ports.ts';

/** A container and those of its instances that have a log, looked at together. */
export interface Look {
  readonly container: Container;
  readonly instances: readonly Instance[];
}

/** Looks at a container; undefined where it was deleted. */
export async function look(
  sources: LogSources,
  containerId: string,
  signal: AbortSignal,
): Promise<Look | undefined> {
  const container = await sources.containers.get(containerId);
  if (container === undefined) return undefined;
  return { container, instances: await readable(sources, containerId, signal) };
}

/** Looks at one instance again; undefined once its log is gone. */
export async function lookAgain(
  sources: LogSources,
  { id, containerId }: Instance,
  signal: AbortSignal,
): Promise<Instance | undefined> {
  return (await readable(sources, containerId, signal)).find((one) => one.id === id);
}

/** Whether one of the instances is gone by now, which explains why its log could not be read. */
export async function hasLost(
  sources: LogSources,
  { container, instances }: Look,
  signal: AbortSignal,
): Promise<boolean> {
  const now = new Set((await readable(sources, container.id, signal)).map(({ id }) => id));
  return instances.some(({ id }) => !now.has(id));
}

// The engine refuses the log of an instance that it is taking away.
async function readable(sources: LogSources, containerId: string, signal: AbortSignal): Promise<Instance[]> {
  return (await sources.engine.instances(containerId, signal)).filter(({ state }) => state.kind !== 'dead');
}
