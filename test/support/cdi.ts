import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineOptions } from './engine.ts';
import { GpuHook, type GpuHookEngine } from './gpu-hook.ts';
import { type NewerVersion, startNewerEngine } from './newer-engines.ts';

const SPEC = 'nvidia.json';
/** Where a container finds a device file for each GPU that CDI gave it. */
export const CDI_DEVICES = '/dev/berth-test';

/** A newer engine with CDI on, and the folder that it reads specs from. */
export interface CdiEngine extends GpuHookEngine {
  readonly cdi: CdiSpecs;
}

/** The CDI spec of one engine: which GPUs it knows by which names. The engine sees a change by itself, a moment later. */
export class CdiSpecs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Describes these GPUs and no others: `nvidia.com/gpu=UUID` each, a device file /dev/berth-test/UUID in the container that
   * gets it. With none the spec is taken away.
   */
  async describe(uuids: readonly string[]): Promise<void> {
    const file = join(this.#folder, SPEC);
    if (uuids.length === 0) return rm(file, { force: true });
    const devices = uuids.map((uuid) => ({
      name: uuid,
      containerEdits: { deviceNodes: [{ path: `${CDI_DEVICES}/${uuid}`, hostPath: '/dev/null' }] },
    }));
    // Renamed into place: the engine watches the folder, and would read half a file.
    await writeFile(
      `${file}.partial`,
      JSON.stringify({ cdiVersion: '0.5.0', kind: 'nvidia.com/gpu', devices }),
    );
    await rename(`${file}.partial`, file);
  }
}

/** Starts an engine of that version that knows these GPUs by CDI, and has the stand-in hook as well. Options are startEngine's. */
export async function startCdiEngine(
  version: NewerVersion,
  uuids: readonly string[],
  options: EngineOptions = {},
): Promise<CdiEngine> {
  // Engine 28 has it on by itself.
  const config = version === '26.1' ? { features: { cdi: true } } : {};
  let ground: { cdi: CdiSpecs; hook: GpuHook } | undefined;
  const prepare = async (folder: string) => {
    const specs = join(folder, 'cdi');
    await mkdir(specs);
    ground = { cdi: new CdiSpecs(specs), hook: await GpuHook.install(join(folder, 'gpu-hook')) };
    await ground.cdi.describe(uuids);
    return { args: ['--cdi-spec-dir', specs], env: { PATH: ground.hook.path } };
  };
  const engine = await startNewerEngine(version, {
    ...options,
    config: { ...config, ...options.config },
    prepare,
  });
  if (ground === undefined) throw new Error('the engine started without its folder');
  return { engine, ...ground, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
}
