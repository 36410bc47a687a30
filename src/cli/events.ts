import { Command } from 'commander';
import type { Client } from '../client/client.ts';
import type { BerthEvent, EventGap } from '../client/wire.ts';
import { findContainer, shortId, shortIds } from './container-name.ts';
import type { Context } from './context.ts';
import { parseTail } from './tail.ts';
import { inert } from './terminal.ts';

interface EventsOptions {
  readonly follow?: true;
  readonly tail?: number | 'all';
  readonly json?: true;
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The place where a time is written 2026-01-02 03:04:05. */
const LOCAL = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
/** As long as the longest kind. */
const KIND_WIDTH = 'gpu-waiting'.length;

/** `berth events` */
export function eventsCommand({ terminal, signal, connection }: Context): Command {
  return new Command('events')
    .description('Print what happened: deploys, failures, GPUs taken, freed and lost')
    .argument(
      '[container]',
      'only of this one: name, id, or beginning of an id; of a deleted one the whole id',
    )
    .option('-f, --follow', 'go on with what happens, until Ctrl-C')
    .option(
      '--tail <events>',
      'how many of the last events to begin with, or "all" (default: 100)',
      parseTail,
    )
    .option('--json', 'print what the API says, as one JSON object a line')
    .action(async (wanted: string | undefined, { json, follow, tail }: EventsOptions) => {
      const { client } = connection();
      const container = wanted === undefined ? undefined : await idOf(client, wanted, signal);
      const query = {
        follow: follow === true,
        ...(tail !== undefined && { tail }),
        ...(container && { container }),
      };
      let empty = true;
      const onReconnect = ({ message }: Error) => terminal.note(`berth: ${inert(message)}; connecting again`);
      for await (const event of client.events({ ...query, signal, onReconnect })) {
        empty = false;
        await terminal.passOn('stdout', json ? JSON.stringify(event) : lineOf(event));
      }
      signal.throwIfAborted();
      if (empty && !follow && tail !== 0) terminal.note('Nothing has happened yet.');
    });
}

async function idOf(client: Client, wanted: string, signal: AbortSignal): Promise<string> {
  // What is gone has events and is in no list.
  return ID.test(wanted) ? wanted.toLowerCase() : (await findContainer(client, wanted, signal)).id;
}

/** The time, what, of which container and revision, and why: of GPUs which. */
function lineOf(event: BerthEvent | EventGap): string {
  if (event.kind === 'gap') return `-- events ${event.from} to ${event.to} are kept no more --`;
  const { gpus, reason } = event;
  const why = [shortIds(gpus.join(', ')), reason ?? ''].filter((text) => text !== '').join(': ');
  const words = [
    LOCAL.format(new Date(event.date)),
    event.kind.padEnd(KIND_WIDTH),
    ...containerOf(event),
    why,
  ];
  return words.map(inert).join('  ').trimEnd();
}

/** "web (4f9a3c21) r2"; of a container that is gone the name may be unknown. */
function containerOf({ containerID, name, revisionNumber }: BerthEvent): string[] {
  if (containerID === null) return [];
  const id = shortId(containerID);
  const revision = revisionNumber === null ? '' : ` r${revisionNumber}`;
  return [`${name === null ? id : `${name} (${id})`}${revision}`];
}
