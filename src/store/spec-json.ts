import { z } from 'zod';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { parseDuration } from '../domain/duration.ts';
import { parseImageReference } from '../domain/image-reference.ts';
import { parseQuantity, type Quantity } from '../domain/quantity.ts';

/** A spec as it lies in the database: texts as the client gave them, parsed again when read. */
const StoredSpec = z.object({
  name: z.string(),
  image: z.string(),
  cpu: z.number(),
  ram: z.string(),
  gpu: z.number(),
  ephemeralStorage: z.string(),
  command: z.array(z.string()).readonly().nullable(),
  arguments: z.array(z.string()).readonly().nullable(),
  env: z.array(z.tuple([z.string(), z.string()])),
  port: z.number(),
  desiredGPUs: z.array(z.string()).readonly().nullable(),
  // Specs from before there were GPUs lack these two.
  gpuMemory: z.string().nullable().default(null),
  shmSize: z.string().nullable().default(null),
  hostnames: z.array(z.string()).readonly(),
  healthPath: z.string().nullable(),
  requestTimeout: z.string(),
  volumes: z.array(z.object({ name: z.string(), path: z.string() })).readonly(),
});

/** The text that keeps a spec. */
export function encodeSpec(spec: ContainerSpec): string {
  return JSON.stringify({
    ...spec,
    image: spec.image.text,
    ram: spec.ram.text,
    ephemeralStorage: spec.ephemeralStorage.text,
    requestTimeout: spec.requestTimeout.text,
    gpuMemory: spec.gpuMemory?.text ?? null,
    shmSize: spec.shmSize?.text ?? null,
    env: Object.entries(spec.env),
  } satisfies z.input<typeof StoredSpec>);
}

/** The spec that a text keeps. Throws where the text is none: the database was changed by other hands. */
export function decodeSpec(text: string): ContainerSpec {
  const stored = StoredSpec.parse(JSON.parse(text));
  const image = parseImageReference(stored.image);
  if (!image.ok) throw new Error(`stored image reference ${image.problem}`);
  return {
    ...stored,
    image: image.image,
    ram: parsed(parseQuantity(stored.ram), stored.ram),
    ephemeralStorage: parsed(parseQuantity(stored.ephemeralStorage), stored.ephemeralStorage),
    requestTimeout: parsed(parseDuration(stored.requestTimeout), stored.requestTimeout),
    gpuMemory: quantityOrNull(stored.gpuMemory),
    shmSize: quantityOrNull(stored.shmSize),
    env: Object.fromEntries(stored.env),
  };
}

function quantityOrNull(text: string | null): Quantity | null {
  return text === null ? null : parsed(parseQuantity(text), text);
}

function parsed<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new Error(`stored value "${text}" can't be read`);
  return value;
}
