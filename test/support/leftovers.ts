import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { removeBridge } from './bridge.ts';

const PARENT = '/var/tmp';
const PREFIX = 'berth-test-';

/**
 * Makes the folder that everything of one test engine or registry lives in, under a new name. It counts as in use for as
 * long as this process lives.
 */
export async function makeRunFolder(): Promise<string> {
  const id = randomBytes(4).toString('hex');
  const folder = join(PARENT, `${PREFIX}${id}`);
  // Renamed only when it names its owner: until then another run would take it for a leftover.
  const nameless = join(PARENT, `berth-new-${id}`);
  await mkdir(nameless, { mode: 0o711 });
  await writeFile(join(nameless, 'owner'), `${process.pid} ${startTime(process.pid)}`);
  await rename(nameless, folder);
  return folder;
}

/** Cleans up what runs that were killed left on this machine: processes, mounts, bridges, folders. */
export async function sweepLeftovers(): Promise<void> {
  for (const name of await readdir(PARENT)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(PARENT, name);
    if (ownerLives(folder)) continue;
    console.log(`berth tests: cleaning up ${folder}, left by a run that was killed`);
    await removeRun(folder);
  }
}

/** Ends every process of a run's folder and removes its mounts, bridges and files. */
export async function removeRun(folder: string): Promise<void> {
  await killProcesses(folder);
  await unmountBelow(folder);
  for (const bridge of await bridgesOf(folder)) await removeBridge(bridge);
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function ownerLives(folder: string): boolean {
  const [pid, started] = (read(join(folder, 'owner')) ?? '').split(' ');
  return pid !== undefined && pid !== '' && startTime(Number(pid)) === started;
}

/** Clock ticks since boot at which a process started: with its id it names one process for good. Undefined once it has ended. */
function startTime(pid: number): string | undefined {
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}

async function killProcesses(folder: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const pids = processesOf(folder);
    if (pids.length === 0) return;
    if (Date.now() > deadline) throw new Error(`processes of ${folder} do not end: ${pids.join(', ')}`);
    for (const pid of pids) kill(pid);
    await setTimeout(50);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

// The engine, containerd and its shims name the folder in their arguments; a container has its root file system there.
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid)
    .filter((pid) => names(folder, pid) || hasRootIn(folder, pid));
}

function names(folder: string, pid: number): boolean {
  const command = read(`/proc/${pid}/cmdline`) ?? '';
  const program = command.split('\0')[0]?.split('/').pop() ?? '';
  return /^(dockerd|containerd|docker-registry)/.test(program) && command.includes(`${folder}/`);
}

function hasRootIn(folder: string, pid: number): boolean {
  return (read(`/proc/${pid}/mountinfo`) ?? '')
    .split('\n')
    .some((mount) => mount.split(' ')[4] === '/' && mount.includes(`upperdir=${folder}/`));
}

async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
  // The last mounted lies on top.
  for (const path of mounts.reverse()) await execa('umount', ['-l', path], { reject: false });
}

// The engine's own record names the bridges of its networks. One with a name of the user's choice is left alone: it could be another engine's.
async function bridgesOf(folder: string): Promise<string[]> {
  const record = await readFile(join(folder, 'data/network/files/local-kv.db'), 'latin1').catch(() => '');
  const made = [...record.matchAll(/"BridgeName":"(br-[0-9a-f]{12})"/g)].map((match) => match[1] ?? '');
  return [...new Set(made), bridgeName(folder)];
}

/** The name of an engine's own bridge, which follows from its folder's. */
export function bridgeName(folder: string): string {
  return `bt-${folder.slice(-8)}`;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
