import { z } from 'zod';
import type { KeptLog } from '../domain/kept-log.ts';
import type { Database } from './database.ts';

const Lines = z
  .array(z.object({ stream: z.enum(['stdout', 'stderr']), timestamp: z.string(), text: z.string() }))
  .readonly();

/** The last lines of revisions that failed. */
export class KeptLogStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Keeps a log in place of what was kept of that revision. Keeps nothing where the container is gone meanwhile. */
  async keep({ containerId, revision, instanceId, endedAt, lines }: KeptLog): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const known = await trx
        .selectFrom('revisions')
        .select('number')
        .where('container_id', '=', containerId)
        .where('number', '=', revision)
        .executeTakeFirst();
      if (known === undefined) return;
      const row = { instance_id: instanceId, ended_at: endedAt.getTime(), lines: JSON.stringify(lines) };
      await trx
        .insertInto('kept_logs')
        .values({ container_id: containerId, revision, ...row })
        .onConflict((conflict) => conflict.columns(['container_id', 'revision']).doUpdateSet(row))
        .execute();
    });
  }

  /** What is kept of a container's revisions. */
  async ofContainer(containerId: string): Promise<readonly KeptLog[]> {
    const rows = await this.#db
      .selectFrom('kept_logs')
      .selectAll()
      .where('container_id', '=', containerId)
      .execute();
    return rows.map((row) => ({
      containerId: row.container_id,
      revision: row.revision,
      instanceId: row.instance_id,
      endedAt: new Date(row.ended_at),
      lines: Lines.parse(JSON.parse(row.lines)),
    }));
  }

  /** What is kept of an instance. */
  async ofInstance(instanceId: string): Promise<KeptLog | undefined> {
    const row = await this.#db
      .selectFrom('kept_logs')
      .select('container_id')
      .where('instance_id', '=', instanceId)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return (await this.ofContainer(row.container_id)).find((one) => one.instanceId === instanceId);
  }
}
