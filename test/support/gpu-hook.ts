import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Engine, type EngineOptions, startEngine } from './engine.ts';
import { SEARCH_PATH } from './packages.ts';

/**
 * What stands in for the NVIDIA Container Toolkit's hook. It keeps each call's standard input and the bundle's config.json in
 * a folder that gets its name when it is complete, and puts an nvidia-smi into the container, as the toolkit mounts one.
 * With a file `refusal` it says that and fails.
 */
const HOOK = `#!/bin/sh
set -eu
here=HERE
call=$(mktemp -d "$here/calls/partial-XXXXXX")
printf '%s\\n' "$@" > "$call/arguments"
cat > "$call/state.json"
bundle=$(sed -n 's/.*"bundle":"\\([^"]*\\)".*/\\1/p' "$call/state.json")
cp "$bundle/config.json" "$call/config.json"
root=$(sed -n 's/.*"root":{"path":"\\([^"]*\\)".*/\\1/p' "$call/config.json")
mv "$call" "$here/calls/$(date +%s%N)-$$"
if [ -e "$here/refusal" ]; then
  cat "$here/refusal" >&2
  exit 1
fi
mkdir -p "$root/usr/bin" "$root/run/berth-test"
cp "$here/nvidia-smi" "$root/usr/bin/nvidia-smi"
`;

/** Inside a container: lists the GPUs that the hook was told, or does what the file "says" tells. */
const NVIDIA_SMI = `#!/bin/sh
if [ -e /run/berth-test/says ]; then
  . /run/berth-test/says
fi
number=0
for uuid in $(echo "$NVIDIA_VISIBLE_DEVICES" | tr , ' '); do
  echo "GPU $number: NVIDIA A100-SXM4-40GB (UUID: $uuid)"
  number=$((number + 1))
done
`;

/** One call of the hook. */
export interface HookCall {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  /** The Docker id of the container. */
  readonly container: string;
  readonly arguments: readonly string[];
  /** The environment of the container's first process, in order, duplicates included. */
  readonly env: readonly string[];
  /** The GPUs in NVIDIA_VISIBLE_DEVICES, for whoever goes by its first or by its last occurrence. */
  readonly told: { readonly first: readonly string[]; readonly last: readonly string[] };
}

/** A private engine whose nvidia device driver calls the stand-in hook. */
export interface GpuHookEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly hook: GpuHook;
}

/** The stand-in hook of one engine: what it was told, and how the GPUs then fare. */
export class GpuHook {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Puts the hook into a new folder. */
  static async install(folder: string): Promise<GpuHook> {
    await mkdir(join(folder, 'calls'), { recursive: true });
    await mkdir(join(folder, 'bin'));
    const program = join(folder, 'bin/nvidia-container-runtime-hook');
    await writeFile(program, HOOK.replace('HERE', folder));
    await writeFile(join(folder, 'nvidia-smi'), NVIDIA_SMI);
    await chmod(program, 0o755);
    await chmod(join(folder, 'nvidia-smi'), 0o755);
    return new GpuHook(folder);
  }

  /** A PATH for dockerd in which the hook is found first. */
  get path(): string {
    return [join(this.#folder, 'bin'), ...SEARCH_PATH].join(delimiter);
  }

  /** Every call so far, the earliest first; a container that is started twice has two. */
  async calls(): Promise<readonly HookCall[]> {
    const names = (await readdir(join(this.#folder, 'calls'))).filter((name) => !name.startsWith('partial'));
    const calls = await Promise.all(names.map((name) => this.#call(name)));
    return calls.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  }

  /** The calls for one container. */
  async callsFor(container: string): Promise<readonly HookCall[]> {
    return (await this.calls()).filter((call) => call.container === container);
  }

  /** The GPUs that the hook was last told for a container; undefined where it wasn't called for it. Fails where two readings differ. */
  async toldFor(container: string): Promise<readonly string[] | undefined> {
    const told = (await this.callsFor(container)).at(-1)?.told;
    if (told !== undefined && told.first.join() !== told.last.join())
      throw new Error(`told ${told.first} at first and ${told.last} at last`);
    return told?.last;
  }

  /** From now on the hook fails with this on its standard error, and the engine starts no container with GPUs; null ends that. */
  async refuse(message: string | null): Promise<void> {
    if (message === null) return rm(join(this.#folder, 'refusal'), { force: true });
    await writeFile(join(this.#folder, 'refusal'), message);
  }

  async #call(name: string): Promise<HookCall> {
    const read = (file: string) => readFile(join(this.#folder, 'calls', name, file), 'utf8');
    const state: { id: string } = JSON.parse(await read('state.json'));
    const config: { process: { env: string[] } } = JSON.parse(await read('config.json'));
    const visible = config.process.env
      .filter((entry) => entry.startsWith('NVIDIA_VISIBLE_DEVICES='))
      .map((entry) => entry.slice(entry.indexOf('=') + 1).split(','));
    return {
      at: BigInt(name.split('-')[0] ?? ''),
      container: state.id,
      arguments: (await read('arguments')).trim().split('\n'),
      env: config.process.env,
      told: { first: visible.at(0) ?? [], last: visible.at(-1) ?? [] },
    };
  }
}

/** Starts an engine with the stand-in hook. Options are startEngine's. */
export async function startEngineWithGpuHook(options: EngineOptions = {}): Promise<GpuHookEngine> {
  let hook: GpuHook | undefined;
  const prepare = async (folder: string) => {
    hook = await GpuHook.install(join(folder, 'gpu-hook'));
    return { env: { PATH: hook.path } };
  };
  const engine = await startEngine({ ...options, prepare });
  if (hook === undefined) throw new Error('the engine started without its folder');
  return { engine, hook, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
}

/** Makes nvidia-smi inside a running container say this and exit with the code; null lets it list its GPUs again. */
export async function nvidiaSmiSays(
  engine: Engine,
  container: string,
  answer: { readonly text: string; readonly exitCode: number } | { readonly script: string } | null,
): Promise<void> {
  const { State } = await engine.docker.getContainer(container).inspect();
  const file = `/proc/${State.Pid}/root/run/berth-test/says`;
  if (answer === null) return rm(file, { force: true });
  const script =
    'script' in answer ? answer.script : `cat <<'.'\n${answer.text}\n.\nexit ${answer.exitCode}\n`;
  await writeFile(`${file}.partial`, script);
  await rename(`${file}.partial`, file);
}
