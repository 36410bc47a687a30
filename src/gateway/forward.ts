import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { type AnswerDeadline, watchAnswer } from './answer-deadline.ts';
import { watchBodyRate } from './body-rate.ts';
import type { Destination } from './dispatch.ts';
import { forwardedRequestHeaders, forwardedTrailers } from './forwarded-headers.ts';
import { type Header, headerValues } from './headers.ts';
import { expectsContinue, watchInterim } from './interim-responses.ts';
import type { Limits } from './limits.ts';
import { hasBody, headersOf, isChunked, peerOf, sendHead } from './node-http.ts';
import { bodyStalled, bodyTooSlow, brokenBackend, noAnswer, noConnection, type Refusal } from './refusal.ts';
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
  const giveUp = (): void => refuse(request, response, brokenBackend);
  new Attempt(exchange, limits, pool.agent(destination.upstream.instance), (attempt) => {
    if (attempt.wasStale && isRepeatable(request)) new Attempt(exchange, limits, false, giveUp);
    else giveUp();
  });
}

function isRepeatable(request: IncomingMessage): boolean {
  return IDEMPOTENT.has(request.method ?? '') && !hasBody(request);
}

/** One sending of a request to a container, over a pooled connection or (without an agent) a new one. */
class Attempt {
  readonly #exchange: Exchange;
  readonly #limits: Limits;
  readonly #failed: (attempt: Attempt) => void;
  readonly #upstream: ClientRequest;
  readonly #deadline: AnswerDeadline;
  #settled = false;
  #bytesBefore = 0;

  /** @param failed hears of a failure before the head of the answer */
  constructor(exchange: Exchange, limits: Limits, agent: Agent | false, failed: (attempt: Attempt) => void) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#failed = failed;
    this.#upstream = openRequest(exchange, limits, agent);
    const times = { connectMs: limits.connectMs, answerMs: exchange.destination.route.requestTimeoutMs };
    this.#deadline = watchAnswer(this.#upstream, times, (phase) => this.#late(phase));
    this.#followUpstream();
    exchange.response.once('close', () => this.#closed());
    sendBody(exchange.request, this.#upstream);
    this.#followBody(times.answerMs);
  }

  /** Whether the pooled connection was closed in the very moment it was used again (RFC 9110, 9.2.2). */
  get wasStale(): boolean {
    return this.#upstream.reusedSocket && (this.#upstream.socket?.bytesRead ?? 0) === this.#bytesBefore;
  }

  #followBody(graceMs: number): void {
    const { request } = this.#exchange;
    if (!hasBody(request)) return;
    request.on('data', () => this.#deadline.moved());
    const rate = { graceMs, bytesPerSecond: this.#limits.bodyRate };
    watchBodyRate(request, rate, () => this.#giveUp(bodyTooSlow));
  }

  #followUpstream(): void {
    const upstream = this.#upstream;
    upstream.once('socket', (socket) => {
      this.#bytesBefore = socket.bytesRead;
    });
    watchInterim(upstream, { continue: () => this.#continue(), tooMany: () => this.#giveUp(brokenBackend) });
    upstream.once('response', (answer) => this.#answered(answer));
    upstream.on('error', () => this.#fail());
    // Unasked, since Upgrade is not passed on here.
    upstream.once('upgrade', (_answer, socket) => {
      socket.destroy();
      this.#fail();
    });
  }

  #continue(): void {
    const { request, response } = this.#exchange;
    if (expectsContinue(request) && !this.#settled && !response.headersSent) response.writeContinue();
  }

  #answered(answer: IncomingMessage): void {
    if (this.#settled) return;
    this.#settle();
    relayResponse(this.#upstream, answer, this.#exchange.request, this.#exchange.response, this.#limits);
  }

  #late(phase: 'connect' | 'answer'): void {
    this.#giveUp(lateness(phase, this.#exchange.request, this.#upstream));
  }

  #giveUp(refusal: Refusal): void {
    if (this.#settled) return;
    this.#settle();
    refuse(this.#exchange.request, this.#exchange.response, refusal);
    this.#upstream.destroy();
  }

  #fail(): void {
    if (this.#settled) return;
    this.#settle();
    if (!this.#exchange.response.destroyed) this.#failed(this);
  }

  /** The client has its answer, or is gone. */
  #closed(): void {
    this.#settle();
    this.#exchange.request.unpipe(this.#upstream);
    if (!this.#exchange.response.writableFinished) this.#upstream.destroy();
  }

  #settle(): void {
    this.#settled = true;
    this.#deadline.clear();
  }
}

function openRequest(exchange: Exchange, limits: Limits, agent: Agent | false): ClientRequest {
  const { request, destination } = exchange;
  const upstream = httpRequest({
    host: destination.upstream.host,
    port: destination.upstream.port,
    method: request.method,
    path: destination.path,
    headers: requestHeaders(exchange).flat(),
    agent,
    maxHeaderSize: limits.responseHead,
  });
  upstream.maxHeadersCount = 0;
  return upstream;
}

function requestHeaders({ request, destination }: Exchange): Header[] {
  const peer = peerOf(request, destination.authority);
  const headers = forwardedRequestHeaders(headersOf(request.rawHeaders), peer);
  if (isChunked(request)) headers.push(['Transfer-Encoding', 'chunked']);
  else if (EXPECTS_BODY.has(request.method ?? '') && headerValues(headers, 'content-length').length === 0) {
    headers.push(['Content-Length', '0']);
  }
  return headers;
}

function sendBody(request: IncomingMessage, upstream: ClientRequest): void {
  if (!hasBody(request)) {
    upstream.end();
    return;
  }
  sendHead(upstream);
  request.pipe(upstream, { end: false });
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
