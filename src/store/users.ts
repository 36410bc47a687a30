import { z } from 'zod';
import type { User } from '../domain/caller.ts';
import { DomainError } from '../domain/errors.ts';
import type { Database } from './database.ts';

const Roles = z.array(z.string());

/** Those who may fetch a token with a name and a password. */
export class UserStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Adds a user. Throws `conflict` where the name is taken. */
  async add(user: User, now: Date): Promise<void> {
    const { numInsertedOrUpdatedRows } = await this.#db
      .insertInto('users')
      .values({
        id: user.id,
        name: user.name,
        password_hash: user.passwordHash,
        roles: JSON.stringify(user.roles),
        created_at: now.getTime(),
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 0n) {
      throw new DomainError('conflict', `There is a user "${user.name}" already: choose another name.`, {
        fields: [{ path: 'name', message: 'is taken' }],
      });
    }
  }

  async findByName(name: string): Promise<User | undefined> {
    const row = await this.#db.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
    if (row === undefined) return undefined;
    return {
      id: row.id,
      name: row.name,
      passwordHash: row.password_hash,
      roles: Roles.parse(JSON.parse(row.roles)),
    };
  }
}
