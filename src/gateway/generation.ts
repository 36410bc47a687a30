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
  const version = await packageVersion();
  const orders = ordersFromParent();
  const ended = endOrdered(orders);
  const started = new Promise<'start'>((resolve) => orders.once('start', () => resolve('start')));
  report('prepared');
  if ((await Promise.race([started, ended])) !== 'start') return;

  const file = new TableFile(settings.tableFile, log);
  const group = new TrafficGroup({
    settings,
    entry,
    log,
    activity: (instances) => admin?.send({ type: 'activity', instances }),
    wake: (containerId) => admin?.send({ type: 'wake', containerId }),
  });
  let admin: AdminSocket | undefined;
  let retired = false;
  const listen = await group.start(await file.load());
  admin = await AdminSocket.open({
    path: settings.adminSocket,
    log,
    hello: () => ({
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      version,
      generation: settings.generation,
      pid: process.pid,
      listen,
      table: group.table,
    }),
    activity: () => group.activity(),
    apply: async (table) => {
      await group.use(table);
      if (!retired) await save(file, table, log);
    },
    reload: () => report('reload'),
  });
  await using opened = admin;
  followHolds(orders, opened);
  report('serving');
  log.info({ listen, table: group.table.version }, 'serving');

  const kind = await ended;
  retired = true;
  opened.retire();
  orders.on('stop', () => void group.drain('stop'));
  await group.drain(kind);
  log.info('drained');
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

/** A disk that is full keeps nobody's traffic from its new route. */
async function save(file: TableFile, table: Table, log: Logger): Promise<void> {
  try {
    await file.save(table);
  } catch (error) {
    log.error(
      { reason: messageOf(error) },
      'the table could not be saved; a restart would serve the one before',
    );
  }
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

function report(what: Report): void {
  if (process.connected) process.send?.(what);
}
