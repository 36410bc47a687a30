import { CommanderError } from 'commander';
import { type Address, type Connection, connect, readEnvironment } from './connection.ts';
import type { ReadSettings } from './daemon-settings.ts';
import { Interrupted } from './errors.ts';
import { explain } from './failure.ts';
import { buildProgram } from './program.ts';
import { inert, Terminal } from './terminal.ts';

/** Runs one command to its end. Resolves with the exit code; every error has been told by then. */
export async function main(args: readonly string[], readSettings: ReadSettings): Promise<number> {
  const environment = readEnvironment();
  const colour = !environment.variables.NO_COLOR && environment.variables.TERM !== 'dumb';
  const terminal = new Terminal(process.stdin, process.stdout, process.stderr, { colour });
  endWithReader();

  let address: Address | null = null;
  const program = buildProgram({
    terminal,
    environment,
    readSettings,
    signal: interruption(),
    connection(): Connection {
      const connection = connect(environment, program.opts<{ host?: string }>().host);
      address = connection.address;
      return connection;
    },
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has printed its own line, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { lines, exitCode } = explain(error, address);
    terminal.clearUpdate();
    for (const [index, line] of lines.entries()) {
      terminal.note(index === 0 ? `berth: ${inert(line)}` : inert(line));
    }
    return exitCode;
  }
}

/** Aborts at the first Ctrl-C; a second one ends the process as usual. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort(new Interrupted('')));
  return controller.signal;
}

/** `berth logs -f … | head` ends when head does, without a word. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
