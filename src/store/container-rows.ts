import type { Selectable, Transaction } from 'kysely';
import type { Container, Outcome, Revision } from '../domain/container.ts';
import type { ContainerSpec } from '../domain/container-spec.ts';
import { noSuchContainer } from '../domain/errors.ts';
import type { Tables } from './schema.ts';
import { decodeSpec, encodeSpec } from './spec-json.ts';

/** A transaction that is open. */
export type Trx = Transaction<Tables>;

/** Records one revision, pending. */
export async function insertRevision(
  trx: Trx,
  id: string,
  number: number,
  spec: ContainerSpec,
  now: number,
): Promise<void> {
  const row = {
    container_id: id,
    number,
    spec: encodeSpec(spec),
    outcome: 'pending',
    created_at: now,
  } as const;
  await trx
    .insertInto('revisions')
    .values({ ...row, failure: null })
    .execute();
}

/** Records what became of a revision. */
export async function setOutcome(trx: Trx, id: string, number: number, outcome: Outcome): Promise<void> {
  await trx
    .updateTable('revisions')
    .set({ outcome: outcome.kind, failure: outcome.kind === 'failed' ? outcome.reason : null })
    .where('container_id', '=', id)
    .where('number', '=', number)
    .execute();
}

/** A container with its latest and its serving revision. */
export async function findContainer(trx: Trx, id: string): Promise<Container | undefined> {
  const row = await trx.selectFrom('containers').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  const latest = await readRevision(trx, id, row.latest_revision);
  const serving =
    row.serving_revision === null
      ? null
      : row.serving_revision === latest.number
        ? latest
        : await readRevision(trx, id, row.serving_revision);
  return {
    id,
    createdBy: row.created_by,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    latest,
    serving,
    status: row.status,
    statusReason: row.status_reason,
  };
}

/** The same; throws `not-found` where there is none. */
export async function readContainer(trx: Trx, id: string): Promise<Container> {
  const container = await findContainer(trx, id);
  if (container === undefined) throw noSuchContainer(id);
  return container;
}

async function readRevision(trx: Trx, id: string, number: number): Promise<Revision> {
  const row = await trx
    .selectFrom('revisions')
    .selectAll()
    .where('container_id', '=', id)
    .where('number', '=', number)
    .executeTakeFirstOrThrow();
  return toRevision(row);
}

/** A revision as its row tells it. */
export function toRevision(row: Selectable<Tables['revisions']>): Revision {
  return {
    containerId: row.container_id,
    number: row.number,
    spec: decodeSpec(row.spec),
    outcome:
      row.outcome === 'failed'
        ? { kind: 'failed', reason: row.failure ?? 'for an unknown reason' }
        : { kind: row.outcome },
    createdAt: new Date(row.created_at),
  };
}
