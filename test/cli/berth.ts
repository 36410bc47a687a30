import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const BERTH = fileURLToPath(new URL('../../bin/berth', import.meta.url));

/** How a command is run. */
export interface Setting {
  /** The environment; only PATH and HOME are there besides. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Sends SIGINT when this text has come on stdout or stderr. */
  readonly interruptAt?: string;
}

/** What came of a command. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `berth` as a process without a terminal. */
export async function berth(args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const child = execa(BERTH, [...args], options(setting));
  if (setting.interruptAt !== undefined) {
    for (const stream of [child.stdout, child.stderr])
      interruptAt(stream, setting.interruptAt, () => child.kill('SIGINT'));
  }
  const { exitCode, stdout, stderr } = await child;
  return { exitCode, stdout, stderr };
}

/** Runs `berth` at a terminal (a pseudo-terminal of script(1)); resolves with everything that the terminal was sent. */
export async function berthAtTerminal(args: readonly string[], setting: Setting = {}): Promise<string> {
  const command = [BERTH, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const { stdout } = await execa('script', ['-qec', command, '/dev/null'], options(setting));
  return stdout;
}

function interruptAt(stream: Readable, text: string, interrupt: () => void): void {
  let seen = '';
  stream.on('data', function look(chunk: Buffer) {
    seen += chunk.toString();
    if (!seen.includes(text)) return;
    stream.off('data', look);
    interrupt();
  });
}

function options({ env = {}, input = '' }: Setting) {
  const { PATH = '', HOME = '/nonexistent' } = process.env;
  return {
    input,
    env: { PATH, HOME, TERM: 'xterm', ...env },
    extendEnv: false,
    reject: false,
    timeout: 60_000,
  } as const;
}
