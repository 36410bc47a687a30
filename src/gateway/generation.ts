import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { messageOf } from '../domain/errors.ts';
import { AdminSocket } from './admin-socket.ts';
import type { DrainKind } from './drain.ts';
import { type Order, parseOrder, type Report } from './orders.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import type { Table } from './route-table.ts';
import type { GatewaySettings } from './settings.ts';
import { TableFile } from './table-file.ts';
import { TrafficGroup } from './traffic-group.ts';

/** Serves on the inherited socket from the parent's `start` until its `retire` or `stop`, and resolves when drained. */
export async function runGeneration(settings: GatewaySettings, entry: string, log: Logger): Promise<void> {
  const orders = ordersFromParent();
  const ended = endOrdered(orders);
  const started = new Promise<'start'>((resolve) => orders.once('start', () => resolve('start')));
  report('prepared');
  if ((await Promise.race([started, ended])) !== 'start') return;

  const generation = new Generation(settings, entry, log);
  await using admin = await generation.serve();
  followHolds(orders, admin);
  report('serving');

  const kind = await ended;
  admin.retire();
  orders.on('stop', () => void generation.drain('stop'));
  await generation.drain(kind);
  log.info('drained');
}

/** The traffic of a generation, its table on disk, and its admin socket. */
class Generation {
  readonly #settings: GatewaySettings;
  readonly #log: Logger;
  readonly #file: TableFile;
  readonly #traffic: TrafficGroup;
  #admin: AdminSocket | undefined;
  #draining = false;

  constructor(settings: GatewaySettings, entry: string, log: Logger) {
    this.#settings = settings;
    this.#log = log;
    this.#file = new TableFile(settings.tableFile, log);
    this.#traffic = new TrafficGroup({
      settings,
      entry,
      log,
      activity: (instances) => this.#admin?.send({ type: 'activity', instances }),
      wake: (containerId) => this.#admin?.send({ type: 'wake', containerId }),
    });
  }

  /** Resolves once every process serves the last table and berthd can connect. */
  async serve(): Promise<AdminSocket> {
    const version = await packageVersion();
    const listen = await this.#traffic.start(await this.#file.load());
    this.#admin = await AdminSocket.open({
      path: this.#settings.adminSocket,
      log: this.#log,
      hello: () => ({
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        version,
        generation: this.#settings.generation,
        pid: process.pid,
        listen,
        table: this.#traffic.table,
      }),
      activity: () => this.#traffic.activity(),
      apply: (table) => this.#apply(table),
      reload: () => report('reload'),
    });
    this.#log.info({ listen, table: this.#traffic.table.version }, 'serving');
    return this.#admin;
  }

  async drain(kind: DrainKind): Promise<void> {
    this.#draining = true;
    await this.#traffic.drain(kind);
  }

  /** The file belongs to the generation that serves; one that drains only follows along. */
  async #apply(table: Table): Promise<void> {
    await this.#traffic.use(table);
    if (this.#draining) return;
    try {
      await this.#file.save(table);
    } catch (error) {
      // A disk that is full keeps nobody's traffic from its new route.
      const reason = messageOf(error);
      this.#log.error({ reason }, 'the table could not be saved; a restart would serve the one before');
    }
  }
}

/** What the parent says, as events. Without a parent there is nobody to start the next generation, so this one ends. */
function ordersFromParent(): EventEmitter<Record<Order, []>> {
  const orders = new EventEmitter<Record<Order, []>>();
  process.on('message', (message) => {
    const order = parseOrder(message);
    if (order) orders.emit(order);
  });
  process.once('disconnect', () => orders.emit('retire'));
  process.on('SIGTERM', () => orders.emit('stop'));
  return orders;
}

function endOrdered(orders: EventEmitter<Record<Order, []>>): Promise<DrainKind> {
  return new Promise((resolve) => {
    orders.once('retire', () => resolve('retire'));
    orders.once('stop', () => resolve('stop'));
  });
}

function followHolds(orders: EventEmitter<Record<Order, []>>, admin: AdminSocket): void {
  orders.on('hold', () => void admin.hold().then(() => report('held')));
  orders.on('resume', () => admin.release());
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

function report(what: Report): void {
  if (process.connected) process.send?.(what);
}
