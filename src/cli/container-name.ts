import type { Client } from '../client/client.ts';
import { ApiProblem } from '../client/problem.ts';
import type { Container } from '../client/wire.ts';
import { CommandFailed } from './errors.ts';

const ROWS = 1000;
const ID = /\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

/** How much of an id is shown: enough to tell a machine's containers apart. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

/** A text with each id in it as short as shown elsewhere: of a container, and "GPU-4d7b2a53" of a GPU. */
export function shortIds(text: string): string {
  return text.replace(ID, (_id, beginning: string) => beginning);
}

/** Every container of the caller, or everyone's, over all pages. */
export async function everyContainer(
  client: Client,
  all: boolean,
  signal: AbortSignal,
): Promise<Container[]> {
  const containers: Container[] = [];
  for (let page = 1; ; page++) {
    const { items, total } = await client.listContainers(
      { page, rows: ROWS, ...(all && { all }) },
      { signal },
    );
    containers.push(...items);
    if (items.length === 0 || containers.length >= total) return containers;
  }
}

/** Every container that the caller may see: everyone's for an admin, else their own. */
export async function containersInSight(client: Client, signal: AbortSignal): Promise<Container[]> {
  return (await everyones(client, signal)) ?? everyContainer(client, false, signal);
}

/**
 * The container that a person means: by id, by the beginning of one, or by name. The caller's own come first; only where
 * none of them fits are everyone's looked at, and those only for an admin.
 * @throws CommandFailed where none or several fit.
 */
export async function findContainer(client: Client, wanted: string, signal: AbortSignal): Promise<Container> {
  const own = matches(await everyContainer(client, false, signal), wanted);
  const found = own.length > 0 ? own : matches((await everyones(client, signal)) ?? [], wanted);
  const [first, ...others] = found;
  if (first === undefined)
    throw new CommandFailed(`there is no container "${wanted}"; "berth ls" lists them`);
  if (others.length === 0) return first;
  const ids = found.map(({ id, name, image }) => `  ${id}  ${name}  ${image}`);
  throw new CommandFailed(
    [`"${wanted}" names ${found.length} containers; say which by its id:`, ...ids].join('\n'),
  );
}

/** An exact id wins over names, and a name over the beginning of an id. */
function matches(containers: readonly Container[], wanted: string): Container[] {
  const lower = wanted.toLowerCase();
  const tests = [
    ({ id }: Container) => id === lower,
    ({ name }: Container) => name === wanted,
    ({ id }: Container) => lower !== '' && id.startsWith(lower),
  ];
  for (const test of tests) {
    const found = containers.filter(test);
    if (found.length > 0) return found;
  }
  return [];
}

/** Undefined for who is no admin. */
async function everyones(client: Client, signal: AbortSignal): Promise<Container[] | undefined> {
  try {
    return await everyContainer(client, true, signal);
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 403) return undefined;
    throw error;
  }
}
