import { Command } from 'commander';
import type { Container, Status } from '../client/wire.ts';
import { everyContainer, shortId, shortIds } from './container-name.ts';
import type { Context } from './context.ts';
import { type Cell, table } from './table.ts';
import { type Colour, inert, type Terminal } from './terminal.ts';

/** Whom the API takes a caller on the Unix socket for. */
const LOCAL_USER = 'local';

const COLOURS = { deployed: 'green', deploying: 'yellow', failed: 'red' } as const satisfies Record<
  Status,
  Colour
>;

/** `berth ls` */
export function lsCommand({ terminal, signal, connection }: Context): Command {
  return new Command('ls')
    .description('List containers, newest first')
    .option('-a, --all', "everyone's, for an admin (over the Unix socket this is the default)")
    .option('--json', 'print what the API says, as a JSON list')
    .action(async (options: { all?: true; json?: true }) => {
      const { client, address } = connection();
      const all = options.all === true || address.kind === 'socket';
      const containers = await everyContainer(client, all, signal);
      const owners = options.all === true || (all && containers.some(isOthers));
      if (options.json) terminal.print(JSON.stringify(containers, null, 2));
      else if (containers.length === 0) terminal.note('No containers yet. Deploy one: berth run IMAGE:TAG');
      else for (const line of containerTable(containers, owners, terminal)) terminal.print(line);
    });
}

/** Made by somebody with a token, and not over the Unix socket. */
function isOthers({ createdBy }: Container): boolean {
  return createdBy !== LOCAL_USER;
}

function containerTable(containers: readonly Container[], owners: boolean, terminal: Terminal): string[] {
  const limit = terminal.stdout.isTTY === true ? 80 : Number.POSITIVE_INFINITY;
  const reasons = containers.map((container) => reasonOf(container, limit));
  const reasoned = reasons.some((reason) => reason !== '');
  const header = ['NAME', 'STATUS', 'URL', 'IMAGE', 'AGE', ...(owners ? ['OWNER'] : []), 'ID'];
  const rows = containers.map((container, index): Cell[] => [
    { text: inert(container.name) },
    { text: container.status, paint: (text: string) => terminal.paint(COLOURS[container.status], text) },
    { text: inert(urlOf(container) ?? '-') },
    { text: inert(container.image) },
    { text: age(Date.parse(container.dateCreated), Date.now()) },
    ...(owners ? [{ text: inert(container.createdBy) }] : []),
    { text: shortId(container.id) },
    ...(reasoned ? [{ text: reasons[index] ?? '' }] : []),
  ]);
  return table(reasoned ? [...header, 'REASON'] : header, rows);
}

/** Where a container answers; null before its first deploy. */
export function urlOf(container: Container): string | null {
  const [first] = container.urls ?? [];
  return first === undefined ? null : `http://${first}`;
}

/** Why the status is what it is, in `limit` characters; of a failed update also that it is no outage. */
function reasonOf(container: Container, limit: number): string {
  const { statusReason, revision, servingRevision } = container;
  const serves = goesOn(container);
  const text = shortIds(inert(statusReason ?? (serves ? `revision ${revision} failed` : '')));
  const rest = serves ? `; revision ${servingRevision} goes on serving` : '';
  const room = limit - rest.length;
  return (text.length > room ? `${text.slice(0, room - 1)}…` : text) + rest;
}

/** Whether an earlier revision serves in place of one that failed; the reason says so where that waits for a GPU. */
function goesOn({ status, statusReason, revision, servingRevision }: Container): boolean {
  if (status !== 'failed' || servingRevision === null || servingRevision === revision) return false;
  return statusReason?.includes(`; revision ${servingRevision} is waiting for `) !== true;
}

/** How long ago, in the one unit that tells most: 40s, 5m, 3h, 12d. */
function age(since: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
