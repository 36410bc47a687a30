import { existsSync } from 'node:fs';
import { access, constants, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { nvidiaSmiExit } from '../../domain/nvidia-smi-exit.ts';
import { INSTALL_TOOLKIT } from '../../domain/nvidia-toolkit.ts';
import type { EngineFacts } from './engine.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const DEADLINE_MS = 10_000;
/** What nvidia-smi ends with where it finds none. */
const NO_GPU = 6;
/** Where an engine that can't be asked looks for descriptions of devices. */
const CDI_FOLDERS = ['/etc/cdi', '/var/run/cdi'];

/** Looks for the NVIDIA driver and, where there is one, for the toolkit that hands cards to containers. */
export async function checkNvidia(
  nvidiaSmi: string,
  engine: EngineFacts | null,
  path: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const driver = await checkDriver(nvidiaSmi, path, signal);
  if (driver === 'absent') {
    return [ok('NVIDIA driver', 'not installed: no GPUs, and containers without one need nothing')];
  }
  return [driver, await checkToolkit(engine, path)];
}

async function checkDriver(
  nvidiaSmi: string,
  path: string,
  signal: AbortSignal,
): Promise<Finding | 'absent'> {
  const about = 'NVIDIA driver';
  const result = await execa(nvidiaSmi, ['-L'], {
    reject: false,
    timeout: DEADLINE_MS,
    cancelSignal: signal,
  });
  const cards = result.failed ? [] : cardNames(result.stdout);
  if (cards.length > 0) {
    return ok(about, `${cards.length === 1 ? '1 GPU' : `${cards.length} GPUs`}: ${cards.join(', ')}`);
  }
  if (result.code === 'ENOENT') return 'absent';
  // Also what a search comes to whose PATH has a folder that this user may not look into.
  if (result.code === 'EACCES' && !(await inPath(nvidiaSmi, path))) return 'absent';
  if (result.timedOut) {
    return problem(
      about,
      `${nvidiaSmi} hangs for ${DEADLINE_MS / 1000} s`,
      'A card or its driver is stuck: see dmesg; reboot.',
    );
  }
  // Some versions call that a success.
  const known = nvidiaSmiExit(result.failed ? (result.exitCode ?? -1) : NO_GPU);
  if (known !== undefined) return problem(about, known.seen, known.mend);
  const said = firstLine(result.stderr || result.stdout || result.shortMessage);
  return problem(about, `${nvidiaSmi} fails: ${said}`, `Run it yourself: ${nvidiaSmi}. Then see dmesg.`);
}

function firstLine(text = ''): string {
  return text.split('\n')[0] ?? '';
}

/** Of each "GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-…)" the middle. */
function cardNames(list: string): string[] {
  const lines = list.split('\n').filter((line) => line.startsWith('GPU '));
  return lines.map((line) => line.replace(/^GPU \d+: /, '').replace(/ \(UUID:.*$/, ''));
}

async function checkToolkit(engine: EngineFacts | null, path: string): Promise<Finding> {
  const about = 'NVIDIA container toolkit';
  if (engine?.hasNvidiaRuntime) return ok(about, 'Docker has the nvidia runtime');
  if (engine?.hasCdiGpus) return ok(about, 'Docker has the cards through CDI');
  if (await hasCdiSpec(engine?.cdiFolders ?? CDI_FOLDERS))
    return ok(about, 'the cards are described for CDI');
  if (await inPath('nvidia-container-runtime-hook', path)) return ok(about, 'its runtime hook is installed');
  return warning(about, 'not found, so Docker cannot hand a GPU to a container', `${INSTALL_TOOLKIT}.`);
}

async function hasCdiSpec(folders: readonly string[]): Promise<boolean> {
  const files = await Promise.all(
    folders.filter((folder) => existsSync(folder)).map((folder) => readdir(folder)),
  );
  return files.flat().some((file) => file.includes('nvidia'));
}

async function inPath(program: string, path: string): Promise<boolean> {
  const tries = path.split(delimiter).map((folder) => access(join(folder, program), constants.X_OK));
  return (await Promise.allSettled(tries)).some(({ status }) => status === 'fulfilled');
}
