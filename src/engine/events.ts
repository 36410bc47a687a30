import { EventAnswer } from './docker-answers.ts';
import type { DockerClient } from './docker-client.ts';
import { EngineError, type EngineEvent } from './engine.ts';
import { jsonLines } from './json-lines.ts';
import { labelFilter, readInstanceLabels } from './labels.ts';

const ACTIONS: ReadonlyMap<string, EngineEvent['action']> = new Map([
  ['start', 'start'],
  ['die', 'exit'],
  ['oom', 'out-of-memory'],
  ['destroy', 'remove'],
  ['pause', 'other'],
  ['unpause', 'other'],
]);

/** Subscribes to what happens to this installation's instances; resolves when nothing from then on is missed. */
export async function subscribe(
  client: DockerClient,
  installation: string,
  deadline: number,
  signal: AbortSignal,
): Promise<AsyncIterable<EngineEvent>> {
  const filters = { type: ['container'], label: labelFilter(installation), event: [...ACTIONS.keys()] };
  // The engine subscribes a moment after it sends the head of its answer; `since` closes that gap.
  const query = { filters: JSON.stringify(filters), since: (Date.now() / 1000).toFixed(3) };
  const stream = await client.open({ path: '/events', query, deadline, signal });
  return read(client, installation, jsonLines(stream), signal);
}

async function* read(
  client: DockerClient,
  installation: string,
  lines: AsyncIterable<unknown>,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, undefined> {
  try {
    for await (const line of lines) {
      const event = eventOf(installation, line);
      if (event !== undefined) yield event;
    }
    throw new EngineError('unavailable', 'the container engine ended its stream of events');
  } catch (error) {
    throw client.broken(error, signal);
  }
}

function eventOf(installation: string, line: unknown): EngineEvent | undefined {
  const parsed = EventAnswer.safeParse(line);
  if (!parsed.success) return undefined;
  const { Action, Actor } = parsed.data;
  const labels = readInstanceLabels(installation, Actor.Attributes);
  if (labels === undefined) return undefined;
  return { containerId: labels.containerId, instanceId: Actor.ID, action: ACTIONS.get(Action) ?? 'other' };
}
