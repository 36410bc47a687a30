import type { IncomingMessage, OutgoingMessage } from 'node:http';
import type { RequestHead } from './admission.ts';
import type { Peer } from './forwarded-headers.ts';
import type { Header } from './headers.ts';

/** The header lines of a message of node's, in order and in their own case. */
export function headersOf(raw: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) headers.push([raw[i] ?? '', raw[i + 1] ?? '']);
  return headers;
}

export function headOf(request: IncomingMessage): RequestHead {
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    version: request.httpVersion,
    headers: headersOf(request.rawHeaders),
  };
}

/** @param authority the host that the client asks for, as it wrote it */
export function peerOf(request: IncomingMessage, authority: string | undefined): Peer {
  return {
    address: request.socket.remoteAddress ?? '',
    port: request.socket.localPort ?? 0,
    protocol: 'http',
    host: authority,
  };
}

export function isHttp10(request: IncomingMessage): boolean {
  return request.httpVersionMajor === 1 && request.httpVersionMinor === 0;
}

/** Whether a body follows the head. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return isChunked(request) || (length !== undefined && Number(length) > 0);
}

export function isChunked(message: IncomingMessage): boolean {
  return message.headers['transfer-encoding'] !== undefined;
}

/**
 * Sends the head of a message by itself: a stream of events may have nothing to say for an hour. Node's flushHeaders()
 * writes it as UTF-8, but it was read as Latin-1: only that writes every byte as it came.
 */
export function sendHead(message: OutgoingMessage): void {
  message.write('', 'latin1');
}
