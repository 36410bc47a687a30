import type { Logger } from 'pino';
import { messageOf } from '../domain/errors.ts';

const DEADLINE_MS = 5_000;

/**
 * Tells systemd that the service is ready (sd_notify(3)). Node can't write to a datagram socket itself, so
 * systemd-notify does; the unit allows it with NotifyAccess=all.
 */
export async function notifyReady(socket: string, log: Logger): Promise<void> {
  // Loaded only where it is needed: the parent is to stay small.
  const { execa } = await import('execa');
  try {
    await execa('systemd-notify', ['--ready'], { env: { NOTIFY_SOCKET: socket }, timeout: DEADLINE_MS });
  } catch (error) {
    log.error({ reason: messageOf(error) }, 'systemd could not be told that the service is ready');
  }
}
