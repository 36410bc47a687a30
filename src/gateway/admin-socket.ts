import { chmod, rename, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';
import type { ReportedActivity } from './activity-report.ts';
import { readLines } from './lines.ts';
import { decodeBerthdMessage, encodeMessage, type GatewayMessage, type Hello } from './protocol.ts';
import type { Table } from './route-table.ts';

export interface AdminSocketOptions {
  readonly path: string;
  readonly log: Logger;
  hello(): Hello;
  /** Every instance that is busy or was of late. */
  activity(): ReportedActivity[];
  /** Resolves once every process uses the table. */
  apply(table: Table): Promise<void>;
  reload(): void;
}

/** A berthd that reads nothing must not make the gateway grow. In bytes. */
const UNREAD_LIMIT = 4 * 1024 * 1024;

/** The gateway's end of the admin socket, for as many berthds as connect (while one replaces another, two do). */
export class AdminSocket implements AsyncDisposable {
  readonly #options: AdminSocketOptions;
  readonly #server: Server;
  readonly #links = new Set<Socket>();
  #queue: Promise<unknown> = Promise.resolve();
  #applying: Promise<void> = Promise.resolve();
  #hold: PromiseWithResolvers<void> | undefined;

  private constructor(options: AdminSocketOptions) {
    this.#options = options;
    this.#server = createServer((socket) => void this.#serve(socket));
  }

  /** Binds beside the path and renames over it, so that a connection at any moment meets either the old one or this. */
  static async open(options: AdminSocketOptions): Promise<AdminSocket> {
    const admin = new AdminSocket(options);
    const temporary = `${options.path}.${process.pid}`;
    await rm(temporary, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    admin.#server.once('error', reject);
    admin.#server.listen(temporary, resolve);
    await promise;
    await chmod(temporary, 0o660);
    await rename(temporary, options.path);
    return admin;
  }

  send(message: GatewayMessage): void {
    for (const link of this.#links) this.#write(link, message);
  }

  /** Applies no further table until `release`. Resolves once none is being applied. */
  async hold(): Promise<void> {
    this.#hold ??= Promise.withResolvers<void>();
    await this.#applying;
  }

  release(): void {
    this.#hold?.resolve();
    this.#hold = undefined;
  }

  /** Another generation has the path now. Open links go on, to carry activity. */
  retire(): void {
    this.release();
    this.send({ type: 'retiring' });
    this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    const closed = [...this.#links].map(
      (link) => new Promise<void>((resolve) => link.once('close', resolve)),
    );
    for (const link of this.#links) link.destroySoon();
    await Promise.all(closed);
  }

  async #serve(socket: Socket): Promise<void> {
    this.#write(socket, this.#options.hello());
    const instances = this.#options.activity();
    if (instances.length > 0) this.#write(socket, { type: 'activity', instances });
    this.#links.add(socket);
    try {
      for await (const line of readLines(socket)) await this.#receive(socket, line);
    } catch (error) {
      this.#options.log.info({ reason: messageOf(error) }, 'berthd is gone; its last table stays in use');
    } finally {
      this.#links.delete(socket);
      socket.destroy();
    }
  }

  async #receive(socket: Socket, line: string): Promise<void> {
    const message = decodeBerthdMessage(line);
    if (message?.type === 'reload') this.#options.reload();
    if (message?.type !== 'table') return;
    await this.#apply(message.table);
    this.#write(socket, { type: 'applied', version: message.table.version });
  }

  /** One after the other, whoever sent them. */
  #apply(table: Table): Promise<void> {
    const applied = this.#queue.then(async () => {
      await this.#hold?.promise;
      this.#applying = this.#options.apply(table);
      await this.#applying;
    });
    // Its sender hears of a failure; the next in line only waits for its end.
    this.#queue = applied.catch(() => undefined);
    return applied;
  }

  #write(socket: Socket, message: GatewayMessage): void {
    if (!socket.writable) return;
    if (socket.writableLength > UNREAD_LIMIT) {
      this.#options.log.warn('berthd reads nothing from its link; closing it');
      socket.destroy();
    } else socket.write(encodeMessage(message));
  }
}
