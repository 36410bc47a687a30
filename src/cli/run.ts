import { Command } from 'commander';
import type { Client } from '../client/client.ts';
import type { Container, NewContainer } from '../client/wire.ts';
import { shortId } from './container-name.ts';
import type { Context } from './context.ts';
import { CommandFailed, Interrupted } from './errors.ts';
import { followDeploy } from './follow-deploy.ts';
import { urlOf } from './ls.ts';
import { inOptions } from './option-faults.ts';
import { appended, gpusOption, numberOption, type RunOptions, toNewContainer } from './run-options.ts';
import { inert, type Terminal } from './terminal.ts';

const LAST_LINES = 20;

/** `berth run` */
export function runCommand(context: Context): Command {
  return new Command('run')
    .description('Deploy an image, wait until it serves, print its URL')
    .argument('<image>', 'with a tag or a digest: nginx:1.28')
    .argument(
      '[args...]',
      "arguments in place of the image's own (its cmd); after -- where one begins with -",
    )
    .option(
      '--name <name>',
      "lower-case letters, digits and hyphens (default: the last part of the image's name)",
    )
    .option('--port <port>', 'the port on which it speaks HTTP (default: 80)', numberOption)
    .option('--cpu <cores>', 'cores, fractions allowed (default: 1)', numberOption)
    .option('--ram <quantity>', 'memory, such as 512Mi or 2Gi (default: 512Mi)')
    .option('--storage <quantity>', 'how much it may write to its own disk (default: 10Gi)')
    .option('--gpus <count>', 'GPUs, all of one model (default: 0)', gpusOption)
    .option(
      '--gpu-model <model>',
      'a model that will do, such as a100, or the name of a card; repeatable; means --gpus 1 where that is missing',
      appended,
    )
    .option(
      '--gpu-memory <quantity>',
      'share GPUs: reserve so much memory on each, such as 8Gi, which nothing enforces; means --gpus 1 where that is missing',
    )
    .option('--shm-size <quantity>', 'size of /dev/shm (default: 64Mi, with a GPU 1Gi)')
    .option(
      '-e, --env <KEY=VALUE>',
      'an environment variable; KEY alone takes it from here; repeatable',
      appended,
    )
    .option(
      '--command <word>',
      "in place of the image's entrypoint; repeat it for each further word",
      appended,
    )
    .option('--hostname <name>', 'a host name of your own besides the generated one; repeatable', appended)
    .option(
      '--health-path <path>',
      'must answer 2xx or 3xx before it gets traffic (default: its port takes connections)',
    )
    .option('--volume <NAME:PATH>', 'a named volume and where to mount it; repeatable', appended)
    .action((image: string, args: readonly string[], options: RunOptions) =>
      run(context, image, args, options),
    );
}

async function run(
  context: Context,
  image: string,
  args: readonly string[],
  options: RunOptions,
): Promise<void> {
  const wanted = toNewContainer(image, args, options, context.environment.variables);
  const { client } = context.connection();
  const { terminal, signal } = context;
  const created = await create(client, wanted, signal);
  terminal.note(`${inert(created.name)} ${shortId(created.id)}`);
  try {
    const settled = await followDeploy(client, created, terminal, signal);
    if (settled.status === 'failed') await tellFailure(client, settled, terminal, signal);
    tellUrls(settled, terminal);
  } catch (error) {
    if (signal.aborted) throw new Interrupted(goesOn(created));
    throw error;
  }
}

async function create(client: Client, wanted: NewContainer, signal: AbortSignal): Promise<Container> {
  try {
    return await client.createContainer(wanted, { signal });
  } catch (error) {
    throw inOptions(error, wanted);
  }
}

function tellUrls(container: Container, terminal: Terminal): void {
  const url = urlOf(container);
  if (url === null) throw new CommandFailed(`${container.name} is deployed, but berthd names no URL for it`);
  for (const other of (container.urls ?? []).slice(1)) terminal.note(`also http://${inert(other)}`);
  terminal.print(inert(url));
}

/** The reason, what the container wrote last, and what to do: everything on stderr. */
async function tellFailure(client: Client, container: Container, terminal: Terminal, signal: AbortSignal) {
  const lines = await lastLines(client, container, signal);
  if (lines.length > 0) terminal.note('The last lines of its log:');
  for (const line of lines) terminal.note(`  ${inert(line)}`);
  const id = shortId(container.id);
  const log = lines.length === 0 ? '' : `Its log: berth logs ${id}. `;
  throw new CommandFailed(
    `${container.name} failed: ${container.statusReason ?? 'berthd gives no reason'}\n${log}Remove it: berth rm ${id}`,
  );
}

async function lastLines(client: Client, container: Container, signal: AbortSignal): Promise<string[]> {
  const query = { follow: false, tail: LAST_LINES, revision: container.revision, signal };
  const lines: string[] = [];
  try {
    for await (const event of client.logs(container.id, query)) {
      if (event.kind !== 'revision') lines.push(event.line);
    }
  } catch (error) {
    // The reason for the failure matters more than why there is no log to show beside it.
    lines.push(`(no log: ${error instanceof Error ? error.message : String(error)})`);
  }
  return lines;
}

function goesOn({ id, name }: Container): string {
  const short = shortId(id);
  return `no longer watching; the deploy of ${name} goes on\nLook: berth ls, berth logs -f ${short}. Remove it: berth rm ${short}`;
}
