import { setTimeout } from 'node:timers/promises';
import { createRoute, z } from '@hono/zod-openapi';
import type { Gpu, GpuInventory } from '../domain/gpu.ts';
import { containerGauges } from './container-gauges.ts';
import type { ApiDeps, GpuClaims, GpuSight } from './deps.ts';
import { EXPOSITION_TYPE, exposition, type Gauge } from './exposition.ts';
import { gpuGauges } from './gpu-gauges.ts';
import { type Api, problems } from './openapi.ts';

/** How long a live reading may take. A scrape has its own deadline, and the last reading is better than none. */
const READING_MS = 1_000;

/** More than there will ever be: one page, so that no container is told twice or missed. */
const EVERY = { page: 1, rows: 2 ** 31 - 1 } as const;

const route = createRoute({
  method: 'get',
  path: '/metrics',
  tags: ['berth'],
  security: [{ bearer: [] }],
  summary: 'Gauges for Prometheus',
  description:
    'Of every GPU and of your own containers; for an ADMIN of everyone’s. Prometheus sends a token from a file: write one ' +
    'with `berth token --ttl 8784h` and name it as `authorization: {credentials_file: …}` in the `scrape_config`. What the driver ' +
    'does not say is left out.',
  responses: {
    200: {
      description: 'The text format, version 0.0.4',
      content: { [EXPOSITION_TYPE]: { schema: z.string() } },
    },
    ...problems(),
  },
});

/** What Prometheus asks for. */
export function registerMetrics(
  app: Api,
  deps: Pick<ApiDeps, 'containers' | 'gpus' | 'gpuClaims' | 'version'>,
): void {
  app.openapi(route, async (c) => {
    const caller = c.get('caller');
    const [{ gpus }, claims, { items }] = await Promise.all([
      reading(deps.gpus),
      deps.gpuClaims(),
      deps.containers.list(caller.admin ? null : caller.userId, EVERY),
    ]);
    const held = heldBy(gpus, claims);
    const text = exposition([
      buildInfo(deps.version),
      ...gpuGauges(gpus, claims),
      ...containerGauges(items, (id) => held.get(id) ?? 0),
    ]);
    return c.text(text, 200, { 'Content-Type': EXPOSITION_TYPE });
  });
}

function buildInfo(version: string): Gauge {
  return {
    name: 'berth_build_info',
    help: 'Always 1; the label tells which berthd runs.',
    samples: [{ labels: { version }, value: 1 }],
  };
}

/** The GPUs as they are now, or as they were seen last where the driver takes too long. */
async function reading(gpus: GpuSight): Promise<GpuInventory> {
  const read = new AbortController();
  try {
    const late = setTimeout(READING_MS, undefined, { signal: read.signal }).then(() => gpus.latest());
    return await Promise.race([gpus.fresh(), late]);
  } finally {
    read.abort();
  }
}

/** How many GPUs each container holds, by its id. */
function heldBy(gpus: readonly Gpu[], claims: GpuClaims): ReadonlyMap<string, number> {
  const held = new Map<string, number>();
  for (const id of gpus.flatMap(({ uuid }) => claims.holders(uuid))) held.set(id, (held.get(id) ?? 0) + 1);
  return held;
}
