import { z } from '@hono/zod-openapi';
import { duration } from './amounts.ts';
import { wholeNumbers } from './number-pattern.ts';
import { saying } from './texts.ts';

const PORT = 'must be a port from 1 to 65535';
const DIGITS = new RegExp(`^${wholeNumbers(1, 65_535)}$`);

/** The port that the container listens on. */
export const Port = z
  .union(
    [z.int(PORT).min(1, PORT).max(65_535, PORT), z.string(PORT).regex(DIGITS, PORT).transform(Number)],
    saying(PORT),
  )
  .openapi({
    anyOf: [
      { type: 'string', pattern: DIGITS.source },
      { type: 'integer', minimum: 1, maximum: 65_535 },
    ],
    example: '80',
    description: 'TCP; HTTP is spoken on it.',
  });

const MAX_HOSTNAMES = 16;
const HOSTNAME = 'must be a host name of at least two labels, such as "app.example.com", and no IP address';
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
/** The last label begins with a letter: an IPv4 address would be a host name otherwise. */
const LAST_LABEL = '[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
/** What is not ASCII never gets to the lower-casing, which takes the Kelvin sign (U+212A) for a "k". */
const HOSTNAME_PATTERN = new RegExp(`^(?:${LABEL}\\.)+${LAST_LABEL}$`);
const MAX_HOSTNAME = 253;

/** What host names can't be had. */
export interface HostnameRules {
  /** Suffix of the names that berth generates. */
  readonly domain: string;
  /** Names that the API answers to. */
  readonly allowedHosts: readonly string[];
}

/** Host names besides the generated one. */
export function hostnames({ domain, allowedHosts }: HostnameRules) {
  const ofTheApi = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const hostname = z
    .string(saying(HOSTNAME))
    .refine((name) => name.length <= MAX_HOSTNAME && HOSTNAME_PATTERN.test(name), HOSTNAME)
    .toLowerCase()
    .refine(
      (name) => name !== domain,
      'is the domain of the names that berth generates: put a label before it',
    )
    .refine((name) => !ofTheApi.has(name), 'is a name that berth’s API answers to: choose another');
  return z
    .array(hostname, saying('must be a list of host names'))
    .max(MAX_HOSTNAMES, `must have at most ${MAX_HOSTNAMES} entries`)
    .refine((names) => new Set(names).size === names.length, 'must not name one host twice')
    .openapi({
      type: 'array',
      maxItems: MAX_HOSTNAMES,
      uniqueItems: true,
      items: { type: 'string', minLength: 3, maxLength: MAX_HOSTNAME, pattern: HOSTNAME_PATTERN.source },
      example: ['app.example.com'],
      description:
        'Names besides the generated one, in lower case from then on. One that is taken, or that ends in the 8 characters of ' +
        "another container, is a 409; the domain of generated names and the API's own names are a 400.",
    });
}

const HEALTH_PATH = /^\/[!-"$-~]{0,2047}$/;

/** What must answer 2xx or 3xx before traffic comes. */
export const HealthPath = z
  .string(saying('must be a path such as "/healthz", or null'))
  .regex(HEALTH_PATH, 'must begin with "/" and have at most 2048 visible ASCII characters, none of them "#"')
  .nullable()
  .openapi({
    example: '/healthz',
    description:
      'A GET of it must answer 2xx or 3xx before traffic comes; null: a TCP connect to the port is enough.',
  });

/** How long the container may take to begin an answer. */
export const RequestTimeout = duration('5m', 1_000, 24 * 3_600_000, 'from "1s" to "24h"').openapi({
  description: 'How long the container may take to begin an answer.',
});
