import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa, type Options } from 'execa';
import { createBridge } from './bridge.ts';
import { debootstrap } from './debootstrap.ts';
import { bridgeName, makeRunFolder, removeRun } from './leftovers.ts';
import { ensureCommands } from './packages.ts';

const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'ca-certificates', 'iproute2'];
const CERTIFICATES = '/usr/local/share/ca-certificates';
const UNREGISTERED = ['--register=no', '--keep-unit', '--console=pipe', '--resolv-conf=off'];
/** runc needs the two groups of system calls. */
const RIGHTS = ['--capability=all', '--system-call-filter=@keyring bpf'];
const BOOT_DEADLINE = 90_000;
const SHUTDOWN_DEADLINE = 100_000;

/** Debian 12 and 13. */
export type Suite = 'bookworm' | 'trixie';

/** A Debian with systemd as its first process, in a file system, a process tree and a network of its own. */
export interface Machine extends AsyncDisposable {
  /** Its root folder, as seen from here; /run, /tmp and /dev are others inside. */
  readonly root: string;
  /** Runs a shell command inside as root; its whole output is in `all`. Rejects where it fails. */
  exec(command: string, options?: Options): Promise<{ stdout: string; all: string }>;
  /** Shuts down in order and boots again. */
  reboot(): Promise<void>;
  /** Kills every process at once and boots again. */
  powerCut(): Promise<void>;
}

/** Why this machine can't boot another, or undefined where it can. What boots is made by then. */
export async function whyNoMachine(suite: Suite): Promise<string | undefined> {
  try {
    if (process.getuid?.() !== 0) return 'not root, so no machine can be booted';
    const base = await baseOf(suite);
    // Within a container that is one itself, nothing can be booted: better known before than halfway.
    await execa('systemd-nspawn', ['-D', base, '--read-only', ...UNREGISTERED, ...RIGHTS, '/bin/true'], {
      timeout: 30_000,
    });
    return undefined;
  } catch (error) {
    return `no machine can be booted: ${error instanceof Error ? error.message : error}`;
  }
}

/** Boots a fresh machine with nothing but Debian's base and systemd on it. Needs root. */
export async function bootMachine({ suite }: { suite: Suite }): Promise<Machine> {
  const base = await baseOf(suite);
  const folder = await makeRunFolder();
  try {
    const root = await copyOf(base, folder);
    const machine = new NspawnMachine(folder, root, await connectBridge(bridgeName(folder)));
    await machine.boot();
    return machine;
  } catch (error) {
    await removeRun(folder);
    throw error;
  }
}

async function baseOf(suite: Suite): Promise<string> {
  await ensureCommands(['systemd-nspawn', 'ip', 'iptables']);
  return debootstrap(`machine-${suite}`, suite, PACKAGES);
}

class NspawnMachine implements Machine {
  readonly root: string;
  readonly #folder: string;
  readonly #gateway: string;
  #nspawn: ChildProcess | undefined;
  #init = 0;

  constructor(folder: string, root: string, gateway: string) {
    this.#folder = folder;
    this.root = root;
    this.#gateway = gateway;
  }

  async boot(): Promise<void> {
    this.#nspawn = startNspawn(this.#folder, this.root);
    this.#init = await this.#findInit(this.#nspawn);
    await this.exec(PREPARE.replaceAll('GATEWAY', this.#gateway), { timeout: 10_000 });
    await this.exec(AWAIT_BOOTED, { timeout: BOOT_DEADLINE });
  }

  async exec(command: string, options: Options = {}) {
    const environment = [
      '-i',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOME=/root',
    ];
    const inside = [
      '-t',
      String(this.#init),
      '-a',
      'env',
      '-C',
      '/root',
      ...environment,
      'bash',
      '-c',
      command,
    ];
    const result = await execa('nsenter', inside, {
      stdin: 'ignore',
      timeout: 300_000,
      ...options,
      all: true,
      reject: false,
    });
    if (result.failed) throw new Error(`in the machine: ${command}\n${result.shortMessage}\n${result.all}`);
    return { stdout: String(result.stdout), all: String(result.all) };
  }

  async reboot(): Promise<void> {
    const off = this.#off(SHUTDOWN_DEADLINE);
    await this.exec('systemctl poweroff');
    await off;
    await this.boot();
  }

  async powerCut(): Promise<void> {
    const off = this.#off(10_000);
    process.kill(this.#init, 'SIGKILL');
    await off;
    await this.boot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#nspawn?.exitCode === null && this.#nspawn.signalCode === null) {
      const off = this.#off(10_000);
      process.kill(this.#init, 'SIGKILL');
      await off;
    }
    await removeRun(this.#folder);
  }

  async #off(deadline: number): Promise<void> {
    if (this.#nspawn === undefined) throw new Error('the machine was never booted');
    await once(this.#nspawn, 'exit', { signal: AbortSignal.timeout(deadline) });
  }

  /** The machine's first process, as this machine numbers it. */
  async #findInit(nspawn: ChildProcess): Promise<number> {
    const deadline = Date.now() + BOOT_DEADLINE;
    while (nspawn.exitCode === null && Date.now() < deadline) {
      // unshare's child is systemd-nspawn, and its child is what we look for.
      const [parent] = await childrenOf(nspawn.pid);
      for (const pid of await childrenOf(parent)) {
        const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
        if (name.trim() === 'systemd') return pid;
      }
      await setTimeout(20);
    }
    throw new Error(
      `the machine does not boot:\n${await readFile(join(this.#folder, 'console.log'), 'utf8')}`,
    );
  }
}

async function childrenOf(pid: number | undefined): Promise<number[]> {
  const pids = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return pids.split(' ').filter(Boolean).map(Number);
}

// The engine inside wants writable cgroups, which nspawn mounts read-only. The network has no one else to set it up.
const PREPARE = `
mount -o remount,rw /sys/fs/cgroup
for hierarchy in /sys/fs/cgroup/*/; do
  if mountpoint -q $hierarchy; then mount -o remount,rw,bind $hierarchy; fi
done
ip addr add $(echo GATEWAY | sed 's/1$/2/')/24 dev host0
ip link set host0 up
ip route add default via GATEWAY
`;

// "degraded" means that a unit has failed, which is for the tests to judge. The first calls may come before systemd answers any.
const AWAIT_BOOTED = `
until systemctl is-system-running --wait 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.1; done
`;

function startNspawn(folder: string, root: string): ChildProcess {
  const log = openSync(join(folder, 'console.log'), 'a');
  const nspawn = [
    'systemd-nspawn',
    '-D',
    root,
    '--boot',
    // Its network interface is named after it: two machines at once must differ.
    `--machine=${bridgeName(folder)}`,
    `--network-bridge=${bridgeName(folder)}`,
  ];
  // The machine dies with this process, even where that is killed: a process tree ends with its first process.
  const tied = ['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
  const child = spawn('setpriv', [...tied, ...nspawn, ...UNREGISTERED, ...RIGHTS], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  return child;
}

/** A copy of the base that trusts whom this machine trusts. */
async function copyOf(base: string, folder: string): Promise<string> {
  const root = join(folder, 'root');
  await execa('cp', ['-a', '--reflink=auto', base, root]);
  await copyFile('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
  await writeFile(join(root, 'etc/hostname'), 'machine\n');
  const extra = (await readdir(CERTIFICATES).catch(() => [])).filter((name) => name.endsWith('.crt'));
  await mkdir(join(root, CERTIFICATES), { recursive: true });
  await Promise.all(extra.map((name) => copyFile(join(CERTIFICATES, name), join(root, CERTIFICATES, name))));
  if (extra.length > 0) await execa('chroot', [root, 'update-ca-certificates']);
  return root;
}

/** Makes a bridge that leads to the world, and tells its address. */
async function connectBridge(name: string): Promise<string> {
  const address = await createBridge(name);
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  await execa('iptables', [
    '-w',
    '-t',
    'nat',
    '-A',
    'POSTROUTING',
    '-s',
    `${address}/24`,
    '!',
    '-o',
    name,
    '-j',
    'MASQUERADE',
  ]);
  // In front of the rule by which an engine on this machine forbids forwarding.
  for (const way of ['-i', '-o']) await execa('iptables', ['-w', '-I', 'FORWARD', way, name, '-j', 'ACCEPT']);
  return address;
}
