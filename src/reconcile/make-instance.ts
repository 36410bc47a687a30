import type { Revision } from '../domain/container.ts';
import { type ContainerSpec, shmSizeOf } from '../domain/container-spec.ts';
import type { Instance } from '../domain/instance.ts';
import { EngineError } from '../engine/engine.ts';
import { attempt } from './attempt.ts';
import type { Subject, Tools } from './tools.ts';

/** Makes an instance of a revision at the next address. */
export async function createInstance(
  { revision, createdBy, gpus }: { revision: Revision; createdBy: string; gpus: readonly string[] },
  containerId: string,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  const range = await tools.engine.prepareNetwork(signal);
  const { spec } = revision;
  const address = await tools.nextAddress(range.first, range.last);
  const id = await tools.engine.create(
    {
      ...engineSpec(spec),
      instance: tools.newInstanceId(),
      containerId,
      revision: revision.number,
      address,
      createdBy,
      gpus,
    },
    signal,
  );
  tools.log.info(
    { containerId, revision: revision.number, instance: id, ...(gpus.length > 0 && { gpus }) },
    'instance created',
  );
}

/** What of a spec the engine needs to know. */
function engineSpec(spec: ContainerSpec) {
  return {
    name: spec.name,
    image: spec.image,
    cpu: spec.cpu,
    ramBytes: spec.ram.bytes,
    ephemeralStorageBytes: spec.ephemeralStorage.bytes,
    command: spec.command,
    arguments: spec.arguments,
    env: spec.env,
    port: spec.port,
    volumes: spec.volumes,
    shmBytes: shmSizeOf(spec).bytes,
  };
}

/** Starts an instance that was made, or that ended. */
export async function startInstance(
  { revision, instance }: { revision: Revision; instance: Instance },
  subject: Subject,
  tools: Tools,
  signal: AbortSignal,
): Promise<void> {
  await attempt(revision, subject, tools, async () => {
    try {
      await tools.engine.start(instance.id, signal);
    } catch (error) {
      // Whatever keeps this one from starting, the next try makes another, with another address.
      if (error instanceof EngineError && error.kind !== 'unavailable')
        await tools.engine.remove(instance.id, signal);
      throw error;
    }
  });
}
