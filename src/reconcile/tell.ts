import { containerEvent, type EventDetail, type EventKind } from '../domain/event.ts';
import type { Tools } from './tools.ts';

/** Records what happened to a container's revision; nothing where the container was deleted meanwhile. */
export async function tell(
  { containers, events }: Pick<Tools, 'containers' | 'events'>,
  kind: EventKind,
  containerId: string,
  detail: EventDetail,
): Promise<void> {
  const container = await containers.get(containerId);
  if (container !== undefined) await events.add(containerEvent(kind, container, detail));
}
