import { Command, InvalidArgumentError } from 'commander';
import type { Container, LogEvent, LogQuery } from '../client/wire.ts';
import { findContainer } from './container-name.ts';
import type { Context } from './context.ts';
import { parseTail } from './tail.ts';
import { inert, type Terminal } from './terminal.ts';

interface LogsOptions {
  readonly follow?: true;
  readonly tail?: number | 'all';
  readonly since?: string;
  readonly revision?: number;
}

/** `berth logs` */
export function logsCommand({ terminal, signal, connection }: Context): Command {
  return new Command('logs')
    .description("Print a container's log: its stdout to stdout, its stderr to stderr")
    .argument('<container>', 'name, id, or beginning of an id')
    .option('-f, --follow', 'go on with what it writes, over restarts and redeploys, until Ctrl-C')
    .option('--tail <lines>', 'how many of the last lines to begin with, or "all" (default: 100)', parseTail)
    .option('--since <time>', 'from then on: 10m, an RFC 3339 time, or Unix seconds')
    .option('--revision <number>', 'of that revision (default: the one that answers)', positive)
    .action(async (wanted: string, options: LogsOptions) => {
      const { client } = connection();
      const container = await findContainer(client, wanted, signal);
      let empty = true;
      const onReconnect = ({ message }: Error) => terminal.note(`berth: ${inert(message)}; connecting again`);
      for await (const event of client.logs(container.id, { ...query(options), signal, onReconnect })) {
        empty = false;
        await show(event, terminal);
      }
      signal.throwIfAborted();
      if (empty && !options.follow && options.tail !== 0)
        terminal.note(inert(nothingThere(container, options)));
    });
}

async function show(event: LogEvent, terminal: Terminal): Promise<void> {
  if (event.kind !== 'revision') await terminal.passOn(event.kind, event.line);
  else if (terminal.stderr.isTTY === true) terminal.note(`-- revision ${event.revision} --`);
}

/** Why a log that ended has no lines. */
function nothingThere(
  { name, revision: latest, servingRevision }: Container,
  { since, revision }: LogsOptions,
): string {
  if (since !== undefined) return `${name} has written nothing since then (${since})`;
  if (revision === undefined) return `${name} has written nothing yet`;
  const present = revision === latest || revision === servingRevision;
  return present
    ? `revision ${revision} of ${name} has written nothing yet`
    : `revision ${revision} of ${name} wrote nothing, or its log went when the next revision took its place`;
}

function query(options: LogsOptions): LogQuery {
  return { ...options, follow: options.follow === true };
}

function positive(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('write a number from 1.');
  return Number(text);
}
