import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { type AnswerDeadline, watchAnswer } from './answer-deadline.ts';
import type { Destination } from './dispatch.ts';
import { forwardedRequestHeaders, forwardedTrailers } from './forwarded-headers.ts';
import { type Header, headerValues } from './headers.ts';
import type { Limits } from './limits.ts';
import { hasBody, headersOf, isChunked, peerOf } from './node-http.ts';
import { bodyStalled, brokenBackend, noAnswer, noConnection, type Refusal } from './refusal.ts';
import { refuse } from './refuse.ts';
import { relayResponse } from './relay-response.ts';
import type { UpstreamPool } from './upstream-pool.ts';

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** Node would send these in chunks when nothing says how long they are. */
const EXPECTS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** One request on its way to a container. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly destination: Destination;
}

/** Forwards a request and relays the answer, both as streams. Answers 502 or 504 itself where the container fails. */
export function forward(exchange: Exchange, pool: UpstreamPool, limits: Limits): void {
  const { request, response, destination } = exchange;
  const fresh = (): void => {
    send(exchange, limits, false, () => refuse(request, response, brokenBackend));
  };
  send(exchange, limits, pool.agent(destination.upstream.instance), (upstream, answered) => {
    if (isStale(upstream, answered) && isRepeatable(request)) fresh();
    else refuse(request, response, brokenBackend);
  });
}

/** A pooled connection that the container closed in the very moment it was used again (RFC 9110, 9.2.2). */
function isStale(upstream: ClientRequest, answered: boolean): boolean {
  return upstream.reusedSocket && !answered;
}

function isRepeatable(request: IncomingMessage): boolean {
  return IDEMPOTENT.has(request.method ?? '') && !hasBody(request);
}

/** @param failed hears of a failure before the answer's head, and whether any byte of an answer had come */
function send(
  exchange: Exchange,
  limits: Limits,
  agent: Agent | false,
  failed: (upstream: ClientRequest, answered: boolean) => void,
): void {
  const { request, response } = exchange;
  const upstream = openRequest(exchange, limits, agent);
  const settled = new AbortController();
  const answered = watchForBytes(upstream);
  const deadline = watchAnswer(
    upstream,
    { connectMs: limits.connectMs, answerMs: exchange.destination.route.requestTimeoutMs },
    (phase) => {
      settle();
      refuse(request, response, lateness(phase, request, upstream));
      upstream.destroy();
    },
  );
  const settle = (): void => {
    deadline.clear();
    settled.abort();
  };
  upstream.once('response', (answer) => {
    settle();
    relayResponse(upstream, answer, request, response, limits);
  });
  upstream.on('continue', () => {
    deadline.moved();
    if (!response.headersSent) response.writeContinue();
  });
  const fail = (): void => {
    if (settled.signal.aborted) return;
    settle();
    if (!response.destroyed) failed(upstream, answered());
  };
  upstream.on('error', fail);
  upstream.once('upgrade', (_answer, socket) => {
    // Unasked, since Upgrade is not passed on here.
    socket.destroy();
    fail();
  });
  response.once('close', () => {
    settle();
    request.unpipe(upstream);
    if (!response.writableFinished) upstream.destroy();
  });
  sendBody(request, upstream, deadline);
}

function openRequest(
  { request, destination }: Exchange,
  limits: Limits,
  agent: Agent | false,
): ClientRequest {
  const upstream = httpRequest({
    host: destination.upstream.host,
    port: destination.upstream.port,
    method: request.method,
    path: destination.path,
    headers: requestHeaders(request).flat(),
    agent,
    maxHeaderSize: limits.responseHead,
  });
  upstream.maxHeadersCount = 0;
  return upstream;
}

function requestHeaders(request: IncomingMessage): Header[] {
  const headers = forwardedRequestHeaders(headersOf(request.rawHeaders), peerOf(request));
  if (isChunked(request)) headers.push(['Transfer-Encoding', 'chunked']);
  else if (EXPECTS_BODY.has(request.method ?? '') && headerValues(headers, 'content-length').length === 0) {
    headers.push(['Content-Length', '0']);
  }
  return headers;
}

function watchForBytes(upstream: ClientRequest): () => boolean {
  let before = 0;
  upstream.once('socket', (socket) => {
    before = socket.bytesRead;
  });
  return () => (upstream.socket?.bytesRead ?? 0) > before;
}

function sendBody(request: IncomingMessage, upstream: ClientRequest, deadline: AnswerDeadline): void {
  if (!hasBody(request)) {
    upstream.end();
    return;
  }
  upstream.flushHeaders();
  request.pipe(upstream, { end: false });
  request.on('data', () => deadline.moved());
  request.once('end', () => {
    upstream.addTrailers(forwardedTrailers(headersOf(request.rawTrailers)));
    upstream.end();
  });
}

/** Whose fault it is that nothing moves: the client's while its body is awaited, otherwise the container's. */
function lateness(phase: 'connect' | 'answer', request: IncomingMessage, upstream: ClientRequest): Refusal {
  if (phase === 'connect') return noConnection;
  return request.complete || upstream.writableNeedDrain ? noAnswer : bodyStalled;
}
