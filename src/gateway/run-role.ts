import type { Logger } from 'pino';
import type { GatewaySettings } from './settings.ts';

/** Runs one process of the gateway to its end. Each role loads only its own code: the parent is to stay small. */
export async function runRole(settings: GatewaySettings, entry: string, log: Logger): Promise<void> {
  if (settings.role === 'parent') return runParent(settings, entry, log);
  // A terminal's signals reach everybody; what follows from them is the parent's to say.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  if (settings.role === 'worker') {
    const { runWorker } = await import('./worker.ts');
    return runWorker(settings, log);
  }
  const { runGeneration } = await import('./generation.ts');
  return runGeneration(settings, entry, log);
}

async function runParent(settings: GatewaySettings, entry: string, log: Logger): Promise<void> {
  const { checkInheritedSocket } = await import('./inherited-socket.ts');
  const { Parent } = await import('./parent.ts');
  const { notifyReady } = await import('./sd-notify.ts');
  checkInheritedSocket(settings.listen, process.pid);
  const parent = new Parent({
    settings,
    entry,
    log,
    ready: async () => {
      if (settings.notifySocket) await notifyReady(settings.notifySocket, log);
    },
  });
  process.on('SIGHUP', () => parent.reload());
  process.on('SIGTERM', () => parent.stop());
  process.on('SIGINT', () => parent.stop());
  await parent.run();
}
