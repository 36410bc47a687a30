import { setTimeout } from 'node:timers/promises';
import { Command, Option } from 'commander';
import type { Client } from '../client/client.ts';
import type { GpuPage } from '../client/wire.ts';
import { containersInSight } from './container-name.ts';
import type { Context } from './context.ts';
import { isAway } from './follow-deploy.ts';
import { gpuTable } from './gpu-table.ts';
import { openScreen, wrapped } from './screen.ts';
import { inert, type Terminal } from './terminal.ts';

const WATCH_MS = 2_000;
/** The most that a page may have, and more than a machine has. */
const ROWS = 1000;

/** `berth gpus` */
export function gpusCommand({ terminal, signal, connection }: Context): Command {
  return new Command('gpus')
    .description("List this machine's GPUs: what they do, who has them, who waits")
    .option('-w, --watch', 'show them again every 2 seconds, until Ctrl-C')
    .addOption(new Option('--json', 'print what the API says, as a JSON list').conflicts('watch'))
    .action(async (options: { watch?: true; json?: true }) => {
      const { client } = connection();
      if (options.watch) return watch(client, terminal, signal);
      const page = await client.gpus({ rows: ROWS }, { signal });
      const lines = options.json
        ? [JSON.stringify(page.items, null, 2)]
        : await tableLines(client, page, terminal, signal);
      for (const line of lines) terminal.print(line);
      for (const note of notesOn(page)) terminal.note(note);
    });
}

/** Until the signal aborts; berthd may restart meanwhile. */
async function watch(client: Client, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const first = await look(client, terminal, signal);
  using screen = openScreen(terminal.stdout);
  for (let lines = first; ; lines = await lookAgain(client, terminal, signal)) {
    screen.show(lines);
    // What the timer rejects with only wraps the reason.
    await setTimeout(WATCH_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function look(client: Client, terminal: Terminal, signal: AbortSignal): Promise<string[]> {
  const page = await client.gpus({ rows: ROWS }, { signal });
  const lines = await tableLines(client, page, terminal, signal);
  const notes = notesOn(page).flatMap((note) => wrapped(note, terminal.stdout));
  return [...lines, ...(lines.length > 0 && notes.length > 0 ? [''] : []), ...notes];
}

async function lookAgain(client: Client, terminal: Terminal, signal: AbortSignal): Promise<string[]> {
  try {
    return await look(client, terminal, signal);
  } catch (error) {
    if (isAway(error)) return ['berthd does not answer; waiting for it'];
    throw error;
  }
}

async function tableLines(client: Client, { items }: GpuPage, terminal: Terminal, signal: AbortSignal) {
  if (items.length === 0) return [];
  const anyone = items.some(({ holders, waiting }) => holders.length + waiting.length > 0);
  const containers = anyone ? await containersInSight(client, signal) : [];
  return gpuTable(items, new Map(containers.map(({ id, name }) => [id, name])), terminal);
}

/** Why there are no GPUs, or what is wrong with which; none where nothing is amiss. */
function notesOn({ items, reason }: GpuPage): string[] {
  if (items.length === 0) return [reason === null ? 'No GPUs.' : `No GPUs: ${inert(reason)}`];
  const untold = items.filter(({ stateReason }) => stateReason !== null && !reason?.includes(stateReason));
  const notes = untold.map(({ index, name, stateReason }) => `GPU ${index} (${name}): ${stateReason}`);
  return [...(reason === null ? [] : [reason]), ...notes].map(inert);
}
