import type { Revision } from '../domain/container.ts';
import { hostnamesOf } from '../domain/hostname.ts';
import type { Instance } from '../domain/instance.ts';
import { attempt, failRevision } from './attempt.ts';
import { exitReason } from './exit-reason.ts';
import { keepLog } from './keep-log.ts';
import { createInstance, startInstance } from './make-instance.ts';
import type { Operation } from './operation.ts';
import { exitKey } from './situation.ts';
import { tell } from './tell.ts';
import { type Subject, type Tools, within } from './tools.ts';
import { beginProbe, beginPull, beginRetire } from './waits.ts';

const GATEWAY_MS = 15_000;

/** Carries out one operation. Rejects only where trying the whole pass again later is the answer. */
export async function carryOut(
  operation: Operation,
  subject: Subject,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  const { containers, routes } = tools;
  const { containerId, memory } = subject;
  switch (operation.kind) {
    case 'pull':
      beginPull(operation.revision, subject, tools);
      return;
    case 'create':
      return await attempt(operation.revision, subject, tools, () =>
        createInstance(operation, containerId, tools, signal),
      );
    case 'start':
      return await startInstance(operation, subject, tools, signal);
    case 'probe':
      beginProbe(operation, subject, tools);
      return;
    case 'note-exit':
      return await noteExit(operation, subject, tools, signal);
    case 'note-return':
      return await tell(tools, 'recovered', containerId, { revision: operation.revision.number });
    case 'note-setback':
      memory.setBack(operation.revision, { reason: operation.reason, now: tools.now() });
      return;
    case 'publish':
      return await routes.publish(operation.route, within(signal, GATEWAY_MS));
    case 'release-gpus':
      return await tools.gpus.release(containerId, operation.revision, operation.again);
    case 'withdraw':
      return await routes.withdraw(containerId, within(signal, GATEWAY_MS));
    case 'mark-serving': {
      const { number, spec } = operation.revision;
      tools.log.info(
        { containerId, containerName: spec.name, revision: number, image: spec.image.text },
        'revision serves',
      );
      return await containers.markServing(containerId, number, hostnamesOf(spec, containerId, tools.domain));
    }
    case 'fail':
      await keepLog(operation.revision, tools, signal);
      return await failRevision(operation.revision, containerId, operation.reason, tools);
    case 'retire':
      beginRetire(operation.instance, subject, tools);
      return;
    case 'wake':
      subject.kick(operation.at);
      return;
    case 'report':
      return await containers.setStatus(containerId, operation.revision, operation.status, operation.reason);
  }
}

async function noteExit(
  { revision, instance }: { revision: Revision; instance: Instance },
  { memory, containerId }: Subject,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  const exit = exitKey(instance);
  if (exit === undefined) return;
  const reason = await exitReason(revision, instance, tools.engine, signal);
  memory.setBack(revision, { reason, exit, instance, now: tools.now() });
  tools.log.info(
    { containerId, revision: revision.number, instance: instance.id, reason },
    'instance ended by itself',
  );
  await tell(tools, 'ended', containerId, { revision: revision.number, reason });
}
