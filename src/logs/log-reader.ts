import { DomainError } from '../domain/errors.ts';
import type { ChangeSubscription } from './changes.ts';
import { instanceLog } from './instance-log.ts';
import type { LogEvent, LogRequest } from './log-event.ts';
import { look } from './look.ts';
import { Merge } from './merge.ts';
import { findOpening, fromTheStart, type Opening } from './opening.ts';
import { type LogSources, refusalOf } from './ports.ts';
import { mayComeYet, whichInstance } from './which-instance.ts';

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
      return this.#events(request, await findOpening(this.#sources, request, signal), signal);
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
    begun: Opening['logs'],
    merge: Merge<LogEvent>,
    watch: ChangeSubscription,
    signal: AbortSignal,
  ): AsyncGenerator<LogEvent> {
    const known = new Set(begun.map(({ instance }) => instance.id));
    let announced = begun[0]?.instance.revision;
    for (;;) {
      const now = await look(this.#sources, request.containerId, signal);
      if (now === undefined) return;
      const instance = whichInstance(now.container, now.instances, request.revision);
      if (instance !== undefined && !known.has(instance.id)) {
        if (announced !== undefined && announced !== instance.revision) {
          yield { kind: 'revision', number: instance.revision };
        }
        announced = instance.revision;
        known.add(instance.id);
        merge.add(instanceLog(this.#sources, fromTheStart(request, instance), signal));
      }
      const isOver = instance?.state.kind !== 'running' && !mayComeYet(now.container, request.revision);
      if (!request.follow || isOver) return;
      await watch.next(signal);
    }
  }
}
