import { DomainError, noSuchContainer } from '../domain/errors.ts';
import type { Instance } from '../domain/instance.ts';
import type { InstanceLogRequest } from './instance-log.ts';
import { Journal } from './journal.ts';
import type { LineId } from './line-id.ts';
import type { LogRequest } from './log-event.ts';
import { hasLost, look } from './look.ts';
import type { LogSources } from './ports.ts';
import { whichInstance } from './which-instance.ts';

/** What a reader begins with. */
export interface Opening {
  /** Empty while there is no instance. Lines of the first one come first; it is of the revision that the reader knows. */
  readonly logs: readonly InstanceLogRequest[];
  /** The most lines to give; null is without limit. */
  readonly limit: number | null;
}

const NOTHING: Opening = { logs: [], limit: null };

/** The whole of an instance's log, as far as the request wants it. */
export function fromTheStart(
  { lastEventId, since, follow }: LogRequest,
  instance: Instance,
): InstanceLogRequest {
  return { instance, position: { kind: 'start' }, since: lastEventId === null ? since : null, follow };
}

/** Finds where to begin. Throws `not-found` where there is no such container or revision, and what the engine throws. */
export async function findOpening(
  sources: LogSources,
  request: LogRequest,
  signal: AbortSignal,
): Promise<Opening> {
  const now = await look(sources, request.containerId, signal);
  if (now === undefined) throw noSuchContainer(request.containerId);
  const latest = now.container.latest.number;
  if (request.revision !== null && request.revision > latest) {
    throw notFound(`The container has no revision ${request.revision}: its latest is ${latest}.`);
  }
  const instance = whichInstance(now.container, now.instances, request.revision);
  if (instance === undefined) return NOTHING;
  try {
    if (request.lastEventId === null) return await begun(sources, request, instance, signal);
    return await resumed(sources, request, request.lastEventId, instance, now.instances, signal);
  } catch (error) {
    // The next instance may have taken its place.
    if (await hasLost(sources, now, signal)) return await findOpening(sources, request, signal);
    throw error;
  }
}

async function begun(
  sources: LogSources,
  request: LogRequest,
  instance: Instance,
  signal: AbortSignal,
): Promise<Opening> {
  const log = fromTheStart(request, instance);
  if (request.tail === 'all') return { logs: [log], limit: null };
  const position = await journalOf(sources, log).tail(request.tail, signal);
  // Lines may have come in between; without `follow` they are beyond the end.
  return { logs: [{ ...log, position }], limit: request.follow ? null : request.tail };
}

/**
 * Where a reader goes on that has all up to a line. It may be a line of an instance that is being drained, or was when
 * the reader saw it: then the present instance's lines follow it, from their beginning.
 */
async function resumed(
  sources: LogSources,
  request: LogRequest,
  id: LineId,
  instance: Instance,
  instances: readonly Instance[],
  signal: AbortSignal,
): Promise<Opening> {
  const log = fromTheStart(request, instance);
  const older = request.revision === null ? instances.filter((one) => one.revision < instance.revision) : [];
  const olderLogs = older.map((one) => fromTheStart(request, one));
  const later = { kind: 'later', timestamp: id.timestamp } as const;
  if (await journalOf(sources, log).has(id, signal)) {
    const drained = olderLogs.map((one) => ({ ...one, position: later }));
    return { logs: [{ ...log, position: { kind: 'after', id } }, ...drained], limit: null };
  }
  for (const one of olderLogs) {
    if (await journalOf(sources, one).has(id, signal)) {
      return { logs: [{ ...one, position: { kind: 'after', id } }], limit: null };
    }
  }
  return { logs: [{ ...log, position: later }], limit: null };
}

function journalOf({ engine }: LogSources, { instance, since }: InstanceLogRequest): Journal {
  return new Journal(engine, instance.id, since);
}

function notFound(message: string): DomainError {
  return new DomainError('not-found', message);
}
