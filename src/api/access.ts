import type { Caller } from '../domain/caller.ts';
import type { Container } from '../domain/container.ts';
import { DomainError, noSuchContainer } from '../domain/errors.ts';
import type { ContainerStore } from '../store/containers.ts';

/** Throws `forbidden` where a container is another user's and the caller is no ADMIN. */
export function requireOwner(container: Container, caller: Caller): void {
  if (!owns(container, caller)) {
    throw new DomainError(
      'forbidden',
      'This container belongs to another user: only they or an ADMIN may do this.',
    );
  }
}

/** A container that the caller may see and change. Throws `not-found` or `forbidden`. */
export async function ownContainer(store: ContainerStore, id: string, caller: Caller): Promise<Container> {
  const container = await store.get(id);
  if (container === undefined) throw noSuchContainer(id);
  requireOwner(container, caller);
  return container;
}

/** A container of which others may not even learn that it is there. Throws `not-found`. */
export async function visibleContainer(
  store: ContainerStore,
  id: string,
  caller: Caller,
): Promise<Container> {
  const container = await store.get(id);
  if (container === undefined || !owns(container, caller)) throw noSuchContainer(id);
  return container;
}

/** Throws `forbidden` unless the caller is an ADMIN. */
export function requireAdmin(caller: Caller): void {
  if (!caller.admin)
    throw new DomainError('forbidden', 'Only an ADMIN may do this: ask for a token with that role.');
}

function owns(container: Container, caller: Caller): boolean {
  return caller.admin || container.createdBy === caller.userId;
}
