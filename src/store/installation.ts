import type { Database } from './database.ts';

/** What this installation knows about itself. */
export class InstallationStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** This installation's id; `fresh` becomes it at the first start. */
  async id(fresh: string): Promise<string> {
    await this.#db
      .insertInto('installation')
      .values({ only: 1, id: fresh, last_address: null })
      .onConflict((conflict) => conflict.column('only').doNothing())
      .execute();
    const { id } = await this.#db.selectFrom('installation').select('id').executeTakeFirstOrThrow();
    return id;
  }

  /**
   * Takes the next address of a range, going round it, so that one that was just freed is the last to come again.
   * Both ends are included.
   */
  async nextAddress(first: number, last: number): Promise<number> {
    return await this.#db.transaction().execute(async (trx) => {
      const row = await trx.selectFrom('installation').select('last_address').executeTakeFirstOrThrow();
      const after = (row.last_address ?? first - 1) + 1;
      const address = after < first || after > last ? first : after;
      await trx.updateTable('installation').set({ last_address: address }).execute();
      return address;
    });
  }
}
