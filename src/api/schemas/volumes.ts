import { z } from '@hono/zod-openapi';
import { NAME_PATTERN } from '../../domain/hostname.ts';
import { saying } from './texts.ts';

const MAX_VOLUMES = 16;
const PATH = 'must be an absolute path such as "/data", without "//", "/./", "/../" or a "/" at the end';
/** Segments without control characters, "\\" and ":" (which ends a path in Docker's eyes), none of them "." or "..". */
const PATH_PATTERN = /^(?:\/(?!\.{1,2}(?:\/|$))[ -.0-9;-[\]-~\u00a0-\ud7ff\ue000-\uffff]{1,255})+$/;
const KERNEL = /^\/(?:proc|sys|dev)(?:\/|$)/;

const Volume = z
  .strictObject(
    {
      name: z
        .string(saying('must be a text'))
        .regex(
          NAME_PATTERN,
          'must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at the ends',
        ),
      path: z
        .string(saying(PATH))
        .max(1024, 'must have at most 1024 characters')
        .regex(PATH_PATTERN, PATH)
        .refine((path) => !KERNEL.test(path), 'must not lie in /proc, /sys or /dev'),
    },
    saying('must be an object with "name" and "path"'),
  )
  .openapi('VolumeMount');

/** Named volumes; never a path of the host. */
export const Volumes = z
  .array(Volume, saying('must be a list of {"name", "path"}'))
  .max(MAX_VOLUMES, `must have at most ${MAX_VOLUMES} entries`)
  .refine((volumes) => new Set(volumes.map(({ path }) => path)).size === volumes.length, {
    error: 'must not mount two volumes at one path',
  })
  .openapi({
    uniqueItems: true,
    description: 'Named volumes of the owner, which outlive the container. Paths must differ.',
  });
