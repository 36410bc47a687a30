import type { EventKind } from '../domain/event.ts';
import type { Tools } from './tools.ts';

/** Records what happened to a container's revision; nothing where the container was deleted meanwhile. */
export async function tell(
  { containers, events }: Pick<Tools, 'containers' | 'events'>,
  kind: EventKind,
  { containerId, revision }: { readonly containerId: string; readonly revision: number },
  more: { readonly reason?: string; readonly gpus?: readonly string[] } = {},
): Promise<void> {
  const container = await containers.get(containerId);
  if (container === undefined) return;
  const { createdBy: owner, latest } = container;
  const { reason = null, gpus = [] } = more;
  await events.add({ kind, owner, containerId, name: latest.spec.name, revision, reason, gpus });
}
