import { z } from '@hono/zod-openapi';
import type { ContainerSpec } from '../../domain/container-spec.ts';
import { NAME_PATTERN } from '../../domain/hostname.ts';
import { Cpu, EphemeralStorage, GpuMemory, Ram, ShmSize } from './amounts.ts';
import { Command, Env } from './commands.ts';
import { desiredGpus, Gpu, type GpuRules } from './gpus.ts';
import { Image } from './image.ts';
import { HealthPath, type HostnameRules, hostnames, Port, RequestTimeout } from './network.ts';
import { saying } from './texts.ts';
import { Volumes } from './volumes.ts';

const NAME = 'must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at the ends';
const OBJECT = saying('The body must be a JSON object.');

/** What values there are on this machine. */
export interface ContainerRules extends HostnameRules, GpuRules {}

/** What a client may set of a container, each field parsed into the domain's type. */
function fields(rules: ContainerRules) {
  return {
    name: z.string(saying(NAME)).regex(NAME_PATTERN, NAME).openapi({ example: 'hello-world' }),
    image: Image,
    cpu: Cpu,
    ram: Ram,
    gpu: Gpu,
    ephemeralStorage: EphemeralStorage,
    command: Command.openapi({ description: "Replaces the image's entrypoint; null keeps it." }),
    arguments: Command.openapi({ description: "Replaces the image's cmd; null keeps it." }),
    env: Env,
    port: Port,
    desiredGPUs: desiredGpus(rules),
    gpuMemory: GpuMemory,
    shmSize: ShmSize,
    hostnames: hostnames(rules),
    healthPath: HealthPath,
    requestTimeout: RequestTimeout,
    volumes: Volumes,
  } satisfies Record<keyof ContainerSpec, z.ZodType>;
}

/** The body of a create: what is left out has its default. */
export function newContainer(rules: ContainerRules) {
  const of = fields(rules);
  return z.strictObject(
    {
      name: of.name,
      image: of.image,
      cpu: orElse(of.cpu, 1),
      ram: orElse(of.ram, '512Mi'),
      gpu: orElse(of.gpu, 0),
      ephemeralStorage: orElse(of.ephemeralStorage, '10Gi'),
      command: orElse(of.command, null),
      arguments: orElse(of.arguments, null),
      env: orElse(of.env, {}),
      port: orElse(of.port, '80'),
      desiredGPUs: orElse(of.desiredGPUs, null),
      gpuMemory: orElse(of.gpuMemory, null),
      shmSize: orElse(of.shmSize, null),
      hostnames: orElse(of.hostnames, []),
      healthPath: orElse(of.healthPath, null),
      requestTimeout: orElse(of.requestTimeout, '5m'),
      volumes: orElse(of.volumes, []),
    },
    OBJECT,
  );
}

/** The body of an update: what is left out keeps its value. */
export function containerChange(rules: ContainerRules) {
  return z.strictObject(fields(rules), OBJECT).partial();
}

/** What a field is when it is left out, in the document too: a default that is parsed isn't told there by itself. */
function orElse<S extends z.ZodType>(schema: S, standard: z.input<S>) {
  return schema.prefault(standard).openapi({ default: standard });
}

/** What an update says. */
export type ContainerChange = z.output<ReturnType<typeof containerChange>>;

/** The next spec: what an update leaves out keeps its value. */
export function applyChange(spec: ContainerSpec, change: ContainerChange): ContainerSpec {
  return {
    name: kept(change.name, spec.name),
    image: kept(change.image, spec.image),
    cpu: kept(change.cpu, spec.cpu),
    ram: kept(change.ram, spec.ram),
    gpu: kept(change.gpu, spec.gpu),
    ephemeralStorage: kept(change.ephemeralStorage, spec.ephemeralStorage),
    command: kept(change.command, spec.command),
    arguments: kept(change.arguments, spec.arguments),
    env: kept(change.env, spec.env),
    port: kept(change.port, spec.port),
    desiredGPUs: kept(change.desiredGPUs, spec.desiredGPUs),
    gpuMemory: kept(change.gpuMemory, spec.gpuMemory),
    shmSize: kept(change.shmSize, spec.shmSize),
    hostnames: kept(change.hostnames, spec.hostnames),
    healthPath: kept(change.healthPath, spec.healthPath),
    requestTimeout: kept(change.requestTimeout, spec.requestTimeout),
    volumes: kept(change.volumes, spec.volumes),
  };
}

function kept<T>(given: T | undefined, current: T): T {
  return given === undefined ? current : given;
}
