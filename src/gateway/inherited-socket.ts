import { fstatSync } from 'node:fs';
import { DomainError } from '../domain/errors.ts';
import type { GatewaySettings } from './settings.ts';

/** Where the listening socket lies in every process of the gateway: the first one after the standard streams. */
export const LISTEN_FD = 3;

/** Checks that a listening socket was handed to this process, as sd_listen_fds(3) says. */
export function checkInheritedSocket(listen: GatewaySettings['listen'], pid: number): void {
  if (listen.fds !== '1') {
    throw new DomainError(
      'invalid',
      `The gateway needs exactly one listening socket as file descriptor 3, and LISTEN_FDS is ${listen.fds ?? 'not set'}. ` +
        'Start it from its systemd socket unit, or let berthd start it.',
    );
  }
  if (listen.pid !== undefined && listen.pid !== String(pid)) {
    throw new DomainError(
      'invalid',
      'LISTEN_PID names another process: the listening socket is not for this one.',
    );
  }
  if (!fstatSync(LISTEN_FD).isSocket()) {
    throw new DomainError('invalid', 'File descriptor 3 is not a socket.');
  }
}
