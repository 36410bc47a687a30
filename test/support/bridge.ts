import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';

interface Range {
  network: number;
  mask: number;
}

/**
 * Makes a bridge with a /24 of its own that meets none of the machine's routes, and brings it up.
 * Returns the bridge's address, such as 10.213.7.1.
 */
export async function createBridge(name: string): Promise<string> {
  const address = freeAddress(await routes());
  await execa('ip', ['link', 'add', name, 'type', 'bridge']);
  await execa('ip', ['addr', 'add', `${address}/24`, 'dev', name]);
  await execa('ip', ['link', 'set', name, 'up']);
  return address;
}

/** Removes a bridge and the packet filter's rules that name it; a bridge that isn't there is no error. */
export async function removeBridge(name: string): Promise<void> {
  await execa('ip', ['link', 'del', name], { reject: false });
  await Promise.all(['iptables', 'ip6tables'].map((command) => removeRules(command, name)));
}

// dockerd leaves its rules when it goes, and they would gather from run to run.
async function removeRules(command: string, bridge: string): Promise<void> {
  const { stdout } = await execa(`${command}-save`, [], { reject: false });
  let table = 'filter';
  for (const line of stdout?.split('\n') ?? []) {
    if (line.startsWith('*')) table = line.slice(1);
    const rule = line.split(' ');
    if (rule[0] !== '-A' || !rule.includes(bridge)) continue;
    await execa(command, ['-w', '-t', table, '-D', ...rule.slice(1)], { reject: false });
  }
}

async function routes(): Promise<Range[]> {
  const table = await readFile('/proc/net/route', 'latin1');
  return table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map((field) => ({ network: fromProc(field[1]), mask: fromProc(field[7]) }))
    .filter((route) => route.mask !== 0);
}

// Addresses stand there as the processor keeps them: little-endian on all that Docker runs on.
function fromProc(hex = '0'): number {
  return Buffer.from(hex.padStart(8, '0'), 'hex').readUInt32LE(0);
}

function freeAddress(taken: readonly Range[]): string {
  // A random start keeps two engines that start at once apart.
  const start = randomInt(256);
  for (const prefix of [
    [10, 213],
    [172, 30],
    [192, 168],
  ] as const) {
    for (let i = 0; i < 256; i++) {
      const third = (start + i) % 256;
      const network = Buffer.from([...prefix, third, 0]).readUInt32BE(0);
      if (!taken.some((range) => overlaps(range, network))) return `${prefix.join('.')}.${third}.1`;
    }
  }
  throw new Error("no free /24 for a bridge: every private range meets one of the machine's routes");
}

function overlaps(range: Range, network: number): boolean {
  const mask = range.mask & 0xffffff00;
  return ((range.network ^ network) & mask) === 0;
}
