import type { Container } from '../domain/container.ts';
import { DomainError } from '../domain/errors.ts';
import type { Instance } from '../domain/instance.ts';
import type { ChangeSubscription } from './changes.ts';
import { type InstanceLogRequest, instanceLog } from './instance-log.ts';
import { Journal } from './journal.ts';
import type { LineId } from './line-id.ts';
import type { LogEvent, LogRequest } from './log-event.ts';
import { Merge } from './merge.ts';
import { type LogSources, refusalOf } from './ports.ts';
import { mayComeYet, whichInstance } from './which-instance.ts';

/** A container and its instances, looked at together. */
interface Look {
  readonly container: Container;
  readonly instances: readonly Instance[];
}

/** What a reader begins with; empty while there is no instance. */
interface Opening {
  readonly logs: readonly InstanceLogRequest[];
  /** The most lines to give; null is without limit. */
  readonly limit: number | null;
}

const NOTHING: Opening = { logs: [], limit: null };

/** Reads containers' logs: lines with ids to resume at, over restarts and redeploys. */
export class LogReader {
  readonly #sources: LogSources;

  constructor(sources: LogSources) {
    this.#sources = sources;
  }

  /**
   * Finds where to begin and gives the events from there; what is written after this resolved is among them. Nothing is
   * read faster than the events are taken; leaving the loop, or the signal, closes what is open. Throws `not-found`
   * where there is no such container or revision, `unavailable` where the engine does not answer.
   */
  async open(request: LogRequest, signal: AbortSignal): Promise<AsyncIterable<LogEvent>> {
    try {
      return this.#events(request, await this.#opening(request, signal), signal);
    } catch (error) {
      if (refusalOf(error) !== 'unavailable') throw error;
      const message = "The log can't be read: the container engine does not answer. Try again in a moment.";
      throw new DomainError('unavailable', message, { cause: error });
    }
  }

  async *#events(
    request: LogRequest,
    { logs, limit }: Opening,
    signal: AbortSignal,
  ): AsyncGenerator<LogEvent> {
    if (limit === 0) return;
    using watch = this.#sources.changes.subscribe(request.containerId);
    const end = new AbortController();
    const until = AbortSignal.any([signal, end.signal]);
    const merge = new Merge<LogEvent>(() => end.abort());
    for (const log of logs) merge.add(instanceLog(this.#sources, log, until));
    merge.add(this.#newInstances(request, logs, merge, watch, until));
    let lines = 0;
    for await (const event of merge.values()) {
      yield event;
      if (event.kind === 'line' && ++lines === limit) return;
    }
  }

  /** Adds every instance that comes to be the one meant, and says so where it is of another revision. */
  async *#newInstances(
    request: LogRequest,
    begun: readonly InstanceLogRequest[],
    merge: Merge<LogEvent>,
    watch: ChangeSubscription,
    signal: AbortSignal,
  ): AsyncGenerator<LogEvent> {
    const known = new Set(begun.map(({ instance }) => instance.id));
    let announced = begun[0]?.instance.revision;
    for (;;) {
      const look = await this.#look(request.containerId, signal);
      if (look === undefined) return;
      const instance = whichInstance(look.container, look.instances, request.revision);
      if (instance !== undefined && !known.has(instance.id)) {
        if (announced !== undefined && announced !== instance.revision) {
          yield { kind: 'revision', number: instance.revision };
        }
        announced = instance.revision;
        known.add(instance.id);
        merge.add(instanceLog(this.#sources, fromTheStart(request, instance), signal));
      }
      if (!request.follow || (instance === undefined && !mayComeYet(look.container, request.revision)))
        return;
      await watch.next(signal);
    }
  }

  async #opening(request: LogRequest, signal: AbortSignal): Promise<Opening> {
    const look = await this.#look(request.containerId, signal);
    if (look === undefined) throw notFound(`There is no container ${request.containerId}.`);
    const latest = look.container.latest.number;
    if (request.revision !== null && request.revision > latest) {
      throw notFound(`The container has no revision ${request.revision}: its latest is ${latest}.`);
    }
    const instance = whichInstance(look.container, look.instances, request.revision);
    if (instance === undefined) return NOTHING;
    try {
      return await this.#beginning(request, instance, look.instances, signal);
    } catch (error) {
      if (refusalOf(error) === 'gone') return NOTHING;
      throw error;
    }
  }

  async #beginning(
    request: LogRequest,
    instance: Instance,
    instances: readonly Instance[],
    signal: AbortSignal,
  ): Promise<Opening> {
    if (request.lastEventId !== null) {
      const logs = await this.#resumed(request, request.lastEventId, instance, instances, signal);
      return { logs, limit: null };
    }
    const log = fromTheStart(request, instance);
    if (request.tail === 'all') return { logs: [log], limit: null };
    const position = await this.#journal(log).tail(request.tail, signal);
    return { logs: [{ ...log, position }], limit: request.follow ? null : request.tail };
  }

  /**
   * Where a reader goes on that has all up to a line. It may be a line of an instance that is being drained, or was
   * when the reader saw it: then the present instance's lines follow it, from their beginning.
   */
  async #resumed(
    request: LogRequest,
    id: LineId,
    instance: Instance,
    instances: readonly Instance[],
    signal: AbortSignal,
  ): Promise<readonly InstanceLogRequest[]> {
    const log = fromTheStart(request, instance);
    const older =
      request.revision !== null ? [] : instances.filter((one) => one.revision < instance.revision);
    const olderLogs = older.map((one) => fromTheStart(request, one));
    const later = { kind: 'later', timestamp: id.timestamp } as const;
    if (await this.#journal(log).has(id, signal)) {
      return [
        { ...log, position: { kind: 'after', id } },
        ...olderLogs.map((one) => ({ ...one, position: later })),
      ];
    }
    for (const one of olderLogs) {
      if (await this.#journal(one).has(id, signal)) return [{ ...one, position: { kind: 'after', id } }];
    }
    return [{ ...log, position: later }];
  }

  #journal({ instance, since }: InstanceLogRequest): Journal {
    return new Journal(this.#sources.engine, instance.id, since);
  }

  async #look(containerId: string, signal: AbortSignal): Promise<Look | undefined> {
    const container = await this.#sources.containers.get(containerId);
    if (container === undefined) return undefined;
    return { container, instances: await this.#sources.engine.instances(containerId, signal) };
  }
}

function fromTheStart({ lastEventId, since, follow }: LogRequest, instance: Instance): InstanceLogRequest {
  return { instance, position: { kind: 'start' }, since: lastEventId === null ? since : null, follow };
}

function notFound(message: string): DomainError {
  return new DomainError('not-found', message);
}
