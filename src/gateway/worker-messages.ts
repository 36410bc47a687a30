import { z } from 'zod';
import { activitySchema, tableSchema } from './protocol.ts';

/** To a worker, over node's own channel between a process and its child. The first one is a table: then it serves. */
const order = z.discriminatedUnion('type', [
  z.object({ type: z.literal('table'), sequence: z.int(), table: tableSchema }),
  z.object({ type: z.literal('drain'), kind: z.enum(['retire', 'stop']) }),
]);

/** From a worker. What it had in flight before a table is told before the table's `applied`. */
const report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('applied'), sequence: z.int() }),
  z.object({ type: z.literal('activity'), instances: activitySchema }),
  z.object({ type: z.literal('wake'), containerId: z.string() }),
]);

export type WorkerOrder = z.infer<typeof order>;
export type WorkerReport = z.infer<typeof report>;

export function parseWorkerOrder(message: unknown): WorkerOrder {
  return order.parse(message);
}

export function parseWorkerReport(message: unknown): WorkerReport {
  return report.parse(message);
}
