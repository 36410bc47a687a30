import { z } from '@hono/zod-openapi';
import type { Container, Revision } from '../../domain/container.ts';
import { shmSizeOf } from '../../domain/container-spec.ts';
import { hostnamesOf } from '../../domain/hostname.ts';
import { date } from './dates.ts';

const Texts = z.array(z.string());

/** A container as the API shows it. */
export const ContainerView = z
  .object({
    id: z.uuid(),
    name: z.string(),
    createdBy: z.string(),
    image: z.string(),
    cpu: z.number(),
    ram: z.string(),
    gpu: z.int(),
    ephemeralStorage: z.string(),
    command: Texts.nullable(),
    arguments: Texts.nullable(),
    env: z.record(z.string(), z.string()),
    port: z.string(),
    dateCreated: z.iso.datetime(),
    dateUpdated: z.iso.datetime(),
    status: z.enum(['deploying', 'deployed', 'failed']),
    urls: Texts.nullable().openapi({
      description:
        'Host names without a scheme, with ":port" where it is neither 80 nor 443; null before the first deploy.',
    }),
    desiredGPUs: Texts.nullable().openapi({
      description: 'As they were asked for; where none was, null before the first deploy and then empty.',
    }),
    gpuMemory: z.string().nullable().openapi({
      description: 'Reserved of each GPU, which is shared; null where GPUs are taken whole.',
    }),
    shmSize: z.string().openapi({ description: 'Size of /dev/shm: as asked for, else the default.' }),
    hostnames: Texts,
    healthPath: z.string().nullable(),
    requestTimeout: z.string(),
    volumes: z.array(z.object({ name: z.string(), path: z.string() }).strict()),
    revision: z.int().min(1),
    servingRevision: z
      .int()
      .min(1)
      .nullable()
      .openapi({ description: 'Which revision answers; null while none does.' }),
    statusReason: z
      .string()
      .nullable()
      .openapi({ description: 'Why the status is what it is, for a person.' }),
  })
  .strict()
  .openapi('Container');

/** One accepted version of a container. */
export const RevisionView = z
  .object({
    containerID: z.uuid(),
    revisionNumber: z.int().min(1),
    image: z.string(),
    dateCreated: z.iso.datetime(),
  })
  .strict()
  .openapi('Revision');

/** Where containers are reached: the suffix of generated names, and the port. */
export interface Place {
  readonly domain: string;
  readonly port: number;
}

/** Shows a container. */
export function containerView(container: Container, place: Place): z.output<typeof ContainerView> {
  const { latest, serving } = container;
  const { spec } = latest;
  return {
    id: container.id,
    name: spec.name,
    createdBy: container.createdBy,
    image: spec.image.text,
    cpu: spec.cpu,
    ram: spec.ram.text,
    gpu: spec.gpu,
    ephemeralStorage: spec.ephemeralStorage.text,
    command: copied(spec.command),
    arguments: copied(spec.arguments),
    env: { ...spec.env },
    port: String(spec.port),
    dateCreated: date(container.createdAt),
    dateUpdated: date(container.updatedAt),
    status: container.status,
    urls: serving === null ? null : urls(container.id, serving, place),
    // Null until the first deploy, as in the documented answer to a create.
    desiredGPUs: copied(spec.desiredGPUs) ?? (serving === null ? null : []),
    gpuMemory: spec.gpuMemory?.text ?? null,
    shmSize: shmSizeOf(spec).text,
    hostnames: [...spec.hostnames],
    healthPath: spec.healthPath,
    requestTimeout: spec.requestTimeout.text,
    volumes: spec.volumes.map(({ name, path }) => ({ name, path })),
    revision: latest.number,
    // One that was stopped for good, for its disk use say, served once and answers no more.
    servingRevision: serving?.outcome.kind === 'ready' ? serving.number : null,
    statusReason: container.statusReason,
  };
}

/** Shows a revision. */
export function revisionView(revision: Revision): z.output<typeof RevisionView> {
  return {
    containerID: revision.containerId,
    revisionNumber: revision.number,
    image: revision.spec.image.text,
    dateCreated: date(revision.createdAt),
  };
}

/** What answers is the serving revision, and so are its names. */
function urls(id: string, serving: Revision, { domain, port }: Place): string[] {
  const suffix = port === 80 || port === 443 ? '' : `:${port}`;
  return hostnamesOf(serving.spec, id, domain).map((hostname) => `${hostname}${suffix}`);
}

function copied(words: readonly string[] | null): string[] | null {
  return words === null ? null : [...words];
}
