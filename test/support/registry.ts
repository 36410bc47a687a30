import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeRunFolder, removeRun } from './leftovers.ts';

/** The one user of a registry with a password. */
export const REGISTRY_USER = { username: 'sailor', password: 'harbour' } as const;

// bcrypt of that password: the registry's htpasswd file knows no other kind.
const HTPASSWD = 'sailor:$2y$05$berthberthberthberthbexR/7oYRfSYKX5fPR3FlMNTGBL4ttVmW\n';

/** A registry of the tests' own, on a port that the kernel chose. Disposing stops it and removes its images. */
export interface Registry extends AsyncDisposable {
  /** host:port, as an image reference begins. */
  readonly address: string;
}

/** Starts a registry on 127.0.0.1; with `auth` it wants REGISTRY_USER's name and password for everything. */
export async function startRegistry(options: { auth?: boolean } = {}): Promise<Registry> {
  const folder = await makeRunFolder();
  try {
    return await launch(folder, options.auth === true);
  } catch (error) {
    await removeRun(folder);
    throw error;
  }
}

async function launch(folder: string, auth: boolean): Promise<Registry> {
  const config = join(folder, 'config.json');
  await writeFile(join(folder, 'htpasswd'), HTPASSWD);
  // JSON is YAML.
  await writeFile(config, JSON.stringify(configuration(folder, auth)));
  const child = spawn('docker-registry', ['serve', config], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface({ input: child.stderr });
  const address = await listening(lines);
  return {
    address,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit', { signal: AbortSignal.timeout(10_000) });
      child.kill('SIGKILL');
      await exited;
      await removeRun(folder);
    },
  };
}

async function listening(lines: NodeJS.EventEmitter): Promise<string> {
  const signal = AbortSignal.timeout(20_000);
  return new Promise((resolve, reject) => {
    let last = '';
    lines.on('line', (line: string) => {
      last = line;
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    lines.once('close', () => reject(new Error(`docker-registry did not start: ${last}`)));
    signal.addEventListener('abort', () => reject(new Error(`docker-registry does not listen: ${last}`)));
  });
}

function configuration(folder: string, auth: boolean): object {
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0', secret: 'berth-test' },
    ...(auth ? { auth: { htpasswd: { realm: 'berth tests', path: join(folder, 'htpasswd') } } } : {}),
  };
}
