import { request as httpRequest, type IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { watchAnswer } from './answer-deadline.ts';
import type { Destination } from './dispatch.ts';
import { forwardedRequestHeaders, withoutHopByHop } from './forwarded-headers.ts';
import { type Header, headerTokens } from './headers.ts';
import { watchInterim } from './interim-responses.ts';
import type { Limits } from './limits.ts';
import { hasBody, headersOf, isHttp10, peerOf } from './node-http.ts';
import { brokenBackend, noAnswer, noConnection } from './refusal.ts';
import { refuse } from './refuse.ts';
import { relayResponse } from './relay-response.ts';

/**
 * Whether the Upgrade header of a request is passed on. Clients offer h2c with any request, bodies included, and are
 * content with a plain answer; so is one that offers an upgrade along with a body.
 */
export function isUpgrade(request: IncomingMessage): boolean {
  return offered(request).length > 0 && !hasBody(request) && !isHttp10(request);
}

/** The protocols that a client would switch to, but for HTTP/2: over that, requests would pass by the gateway's rules. */
function offered({ headers }: IncomingMessage): string[] {
  const protocols = headers.upgrade?.split(',').map((protocol) => protocol.trim()) ?? [];
  return protocols.filter((protocol) => protocol !== '' && !/^h2c?$/i.test(protocol));
}

/** Whether a container switches to what was offered to it, and nothing else. */
function switchesTo(answer: IncomingMessage, protocols: readonly string[]): boolean {
  const known = new Set(protocols.map((protocol) => protocol.toLowerCase()));
  const chosen = headerTokens(headersOf(answer.rawHeaders), 'upgrade');
  return chosen.length > 0 && chosen.every((protocol) => known.has(protocol));
}

/** A response to a request that node has already taken its parser off; the connection ends with it. */
export function responseOnSocket(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  // With the parser went the listener that tells a waiting response to go on.
  socket.on('drain', () => response.emit('drain'));
  response.on('error', () => socket.destroy());
  response.once('finish', () => socket.destroySoon());
  return response;
}

/** An upgrade request, its socket, and what the client sent behind the head. */
export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly destination: Destination;
}

/** Asks the container to switch protocols; joins the two connections once it does, relays its answer if it doesn't. */
export function forwardUpgrade(exchange: UpgradeExchange, limits: Limits): void {
  const { request, response, socket, destination } = exchange;
  const upstream = openUpgrade(request, destination, limits);
  const deadline = watchAnswer(
    upstream,
    { connectMs: limits.connectMs, answerMs: destination.route.requestTimeoutMs },
    (phase) => {
      refuse(request, response, phase === 'connect' ? noConnection : noAnswer);
      upstream.destroy();
    },
  );
  const giveUp = (): void => {
    deadline.clear();
    upstream.destroy();
    if (!response.headersSent && !socket.destroyed) refuse(request, response, brokenBackend);
  };
  watchInterim(upstream, { tooMany: giveUp });
  upstream.once('upgrade', (answer, backend, first) => {
    if (response.headersSent || !switchesTo(answer, offered(request))) {
      backend.destroy();
      giveUp();
      return;
    }
    deadline.clear();
    if (first.length > 0) backend.unshift(first);
    switchOver(exchange, answer, backend);
  });
  upstream.once('response', (answer) => {
    if (response.headersSent) return;
    deadline.clear();
    answer.once('close', () => upstream.destroy());
    relayResponse(upstream, answer, request, response, limits);
  });
  upstream.on('error', giveUp);
  socket.once('close', () => {
    deadline.clear();
    upstream.destroy();
  });
  upstream.end();
}

function switchOver({ response, socket, head }: UpgradeExchange, answer: IncomingMessage, backend: Socket) {
  response.detachSocket(socket);
  socket.write(switchingHead(answer), 'latin1');
  if (head.length > 0) socket.unshift(head);
  join(socket, backend);
}

function openUpgrade(request: IncomingMessage, { upstream, path, authority }: Destination, limits: Limits) {
  const headers = forwardedRequestHeaders(headersOf(request.rawHeaders), peerOf(request, authority));
  const opened = httpRequest({
    method: request.method,
    path,
    headers: withUpgrade(headers, offered(request).join(', ')).flat(),
    // Half-open, so that a container that has nothing more to say can still be told things.
    createConnection: () =>
      connect({ host: upstream.host, port: upstream.port, allowHalfOpen: true, noDelay: true }),
    maxHeaderSize: limits.responseHead,
  });
  opened.maxHeadersCount = 0;
  return opened;
}

function withUpgrade(headers: readonly Header[], protocol: string | undefined): Header[] {
  return [...headers, ['Connection', 'Upgrade'], ['Upgrade', protocol ?? '']];
}

function switchingHead(answer: IncomingMessage): string {
  const headers = withUpgrade(withoutHopByHop(headersOf(answer.rawHeaders)), answer.headers.upgrade);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 ${answer.statusMessage ?? 'Switching Protocols'}\r\n${lines.join('')}\r\n`;
}

/** Two connections as one: each side's bytes and end go to the other; where one breaks, so does the other. */
function join(client: Socket, backend: Socket): void {
  client.setTimeout(0);
  client.setKeepAlive(true, 60_000);
  client.pipe(backend);
  backend.pipe(client);
  backend.on('error', () => client.resetAndDestroy());
  client.on('error', () => backend.resetAndDestroy());
  backend.once('close', () => client.destroySoon());
  client.once('close', () => backend.destroySoon());
}
