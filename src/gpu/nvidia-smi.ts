import { execa, type ResultPromise } from 'execa';

/** Far more than any machine's cards need; what says more is not nvidia-smi. */
const MOST_OUTPUT = 4 * 1024 * 1024;
/** How long a killed process may take to be gone. One that waits inside a broken driver can't be killed at all. */
const KILL_MS = 500;

/** What came of one call of nvidia-smi. */
export type Answer =
  /** It ended by itself, well or not. */
  | { readonly kind: 'ended'; readonly code: number; readonly stdout: string; readonly stderr: string }
  /** There is no such program: the ordinary case on a machine without NVIDIA's driver. */
  | { readonly kind: 'absent' }
  /** It had to be killed, or what was killed earlier is still there. */
  | { readonly kind: 'hung'; readonly ms: number }
  /** It says no end of things. */
  | { readonly kind: 'flooding' }
  | { readonly kind: 'killed'; readonly signal: string }
  /** It is there and can't be started. */
  | { readonly kind: 'unstartable'; readonly why: string };

type Call = ResultPromise<ReturnType<typeof optionsOf>>;

/** The program nvidia-smi: one call at a time or several, each ending by a deadline. */
export class NvidiaSmi {
  readonly #path: string;
  readonly #deadlineMs: number;
  /** Calls that were killed and are still there. */
  readonly #stuck = new Set<Call>();

  /** `path`: of the program, or its name where PATH has it. */
  constructor(path: string, deadlineMs: number) {
    this.#path = path;
    this.#deadlineMs = deadlineMs;
  }

  /** Calls it. Rejects only where `signal` aborts, with its reason. */
  async call(args: readonly string[], signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    // A driver that keeps processes for ever would be given another one at each look.
    if (this.#stuck.size > 0) return { kind: 'hung', ms: this.#deadlineMs };
    const call = execa(this.#path, args, optionsOf());
    const kill = Promise.withResolvers<'deadline'>();
    const onAbort = () => kill.resolve('deadline');
    const timer = setTimeout(onAbort, this.#deadlineMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const first = await Promise.race([call, kill.promise]);
      if (first !== 'deadline') return this.#answerOf(first);
      await this.#kill(call);
      signal.throwIfAborted();
      return { kind: 'hung', ms: this.#deadlineMs };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #answerOf(result: Awaited<Call>): Answer {
    if (result.isMaxBuffer) return { kind: 'flooding' };
    if (result.exitCode !== undefined) {
      return { kind: 'ended', code: result.exitCode, stdout: result.stdout, stderr: result.stderr };
    }
    if (result.signal !== undefined) return { kind: 'killed', signal: result.signal };
    const byName = !this.#path.includes('/');
    // Also what a search in PATH comes to where a folder may not be looked into.
    if (result.code === 'ENOENT' || (byName && result.code === 'EACCES')) return { kind: 'absent' };
    return { kind: 'unstartable', why: result.originalMessage ?? result.code ?? 'it does not start' };
  }

  /** With all that it started: a wrapper script's child would keep its output open. */
  async #kill(call: Call): Promise<void> {
    killGroup(call.pid);
    this.#stuck.add(call);
    const gone = call.then(() => this.#stuck.delete(call));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, KILL_MS);
    await Promise.race([gone, late.promise]);
    clearTimeout(timer);
    // What can't be killed must not keep berthd from ending.
    if (!this.#stuck.has(call)) return;
    call.nodeChildProcess.unref();
    call.stdout.destroy();
    call.stderr.destroy();
  }
}

function optionsOf() {
  return {
    reject: false,
    stdin: 'ignore',
    maxBuffer: MOST_OUTPUT,
    // A group of its own, so that it can be killed whole.
    detached: true,
    cleanup: false,
    // Words are matched in English.
    env: { LC_ALL: 'C' },
  } as const;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It ended between the deadline and here.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
