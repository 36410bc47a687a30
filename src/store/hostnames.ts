import { type DomainError, fieldsRefused } from '../domain/errors.ts';
import type { Trx } from './container-rows.ts';

/** Keeps host names for a container. Throws `conflict`, naming the field, where another has one of them. */
export async function reserveHostnames(
  trx: Trx,
  containerId: string,
  hostnames: readonly string[],
): Promise<void> {
  for (const hostname of hostnames) {
    await trx
      .insertInto('hostnames')
      .values({ hostname, container_id: containerId })
      .onConflict((conflict) => conflict.column('hostname').doNothing())
      .execute();
    const owner = await trx
      .selectFrom('hostnames')
      .select('container_id')
      .where('hostname', '=', hostname)
      .executeTakeFirstOrThrow();
    if (owner.container_id !== containerId) throw taken(hostname);
  }
}

/** Frees what a container had reserved, but for the names it keeps. */
export async function releaseHostnames(
  trx: Trx,
  containerId: string,
  kept: readonly string[],
): Promise<void> {
  await trx
    .deleteFrom('hostnames')
    .where('container_id', '=', containerId)
    .where('hostname', 'not in', kept)
    .execute();
}

function taken(hostname: string): DomainError {
  const message = `"${hostname}" belongs to another container: choose another name, or delete that container first`;
  return fieldsRefused('conflict', [{ path: 'hostnames', message }]);
}
