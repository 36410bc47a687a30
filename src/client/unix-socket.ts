import { Agent, fetch } from 'undici';
import type { Fetch } from './transport.ts';

/**
 * A fetch whose connections all go to the server behind a Unix socket, whatever host the URL names.
 * In a file of its own because only Node can do it: a browser never loads it.
 */
export function fetchOverUnixSocket(path: string): Fetch {
  // A log stream may be quiet for long; the client's own deadlines watch over it.
  const dispatcher = new Agent({ connect: { socketPath: path }, bodyTimeout: 0 });
  return (url, init) => fetch(url, { ...init, dispatcher });
}
