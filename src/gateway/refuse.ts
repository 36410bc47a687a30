import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Refusal, refusalBody, refusalHeaders } from './refusal.ts';

/** Answers a request with a refusal, or cuts the connection where another answer has already begun. */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    abort(request);
    return;
  }
  if (refusal.close || awaitsContinue(request)) response.shouldKeepAlive = false;
  response.writeHead(refusal.status, STATUS_CODES[refusal.status], refusalHeaders(refusal).flat());
  response.end(refusalBody(refusal));
  request.resume();
}

/** Whether the client holds its body back until it hears 100: after another answer nobody knows if the body comes. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return request.headers.expect !== undefined && !request.complete;
}

/** Refuses what could not even be parsed. */
export function refuseRaw(socket: Socket, refusal: Refusal): void {
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}`,
    ...refusalHeaders(refusal).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${refusalBody(refusal)}`);
}

/** Resets the client's connection: a mere end would look like a whole answer to one that reads until the end. */
export function abort(request: IncomingMessage): void {
  if (!request.socket.destroyed) request.socket.resetAndDestroy();
}
