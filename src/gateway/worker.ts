import type { Logger } from 'pino';
import { ActivityReport } from './activity-report.ts';
import type { DrainKind } from './drain.ts';
import { LISTEN_FD } from './inherited-socket.ts';
import { LIMITS } from './limits.ts';
import type { GatewaySettings } from './settings.ts';
import { Traffic } from './traffic.ts';
import { parseWorkerOrder, type WorkerOrder, type WorkerReport } from './worker-messages.ts';

/** Serves traffic beside the main process of a generation, by the tables that it sends. Resolves when drained. */
export async function runWorker(settings: GatewaySettings, log: Logger): Promise<void> {
  const report = new ActivityReport((instances) => tell({ type: 'activity', instances }));
  const traffic = new Traffic({
    limits: LIMITS,
    log,
    activity: (instance, activity) => report.note(instance, activity),
    wake: (containerId) => tell({ type: 'wake', containerId }),
  });
  const drained = Promise.withResolvers<void>();
  const drain = (kind: DrainKind): void => {
    const deadlineMs = kind === 'retire' ? settings.drainTimeoutMs : settings.stopTimeoutMs;
    traffic.drain(kind, deadlineMs).then(drained.resolve, drained.reject);
  };
  let serving: Promise<unknown> | undefined;
  const follow = async (order: WorkerOrder): Promise<void> => {
    if (order.type === 'drain') return drain(order.kind);
    traffic.use(order.table);
    serving ??= traffic.serve(LISTEN_FD);
    await serving;
    report.flush();
    tell({ type: 'applied', sequence: order.sequence });
  };
  process.on('message', (message) => {
    follow(parseWorkerOrder(message)).catch(drained.reject);
  });
  // The main process died: another generation is on its way.
  process.once('disconnect', () => drain('retire'));
  process.on('SIGTERM', () => drain('stop'));
  await drained.promise;
}

function tell(report: WorkerReport): void {
  if (process.connected) process.send?.(report);
}
