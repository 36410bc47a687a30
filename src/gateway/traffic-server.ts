import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, Socket } from 'node:net';
import type { Limits } from './limits.ts';
import { headTimeout, headTooLarge, malformed, noTunnels, type Refusal, unknownVersion } from './refusal.ts';
import { refuseRaw } from './refuse.ts';
import { isUpgrade, responseOnSocket } from './upgrade.ts';

export interface TrafficHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, response: ServerResponse, socket: Socket, head: Buffer): void;
  /** Something was opened or closed. */
  loadChanged(): void;
}

const CHECK_TIMEOUTS_MS = 1_000;
const LINGER_MS = 1_000;

/** HTTP/1.1 on one listening socket: parses, limits, counts, and hands requests on. */
export class TrafficServer {
  readonly #server: Server;
  readonly #handlers: TrafficHandlers;
  readonly #sockets = new Set<Socket>();
  /** The response that each connection waits for. */
  readonly #open = new Map<Socket, ServerResponse>();
  readonly #refused = new WeakSet<Socket>();
  readonly #limits: Limits;
  #requests = 0;

  constructor(limits: Limits, handlers: TrafficHandlers) {
    this.#limits = limits;
    this.#handlers = handlers;
    this.#server = createServer({
      maxHeaderSize: limits.requestHead,
      headersTimeout: limits.requestHeadMs,
      requestTimeout: 0,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: CHECK_TIMEOUTS_MS,
      // Two or no Host headers are for admission to refuse, in words.
      requireHostHeader: false,
      shouldUpgradeCallback: isUpgrade,
    });
    // Node would drop what comes after the 2,000th header without a word: how many there may be is for admission.
    this.#server.maxHeadersCount = 0;
    // Node has this switch (lib/_http_server.js), but no name for it in its documentation or types.
    Reflect.set(this.#server, 'httpAllowHalfOpen', true);
    this.#listen();
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Requests being answered, without upgraded connections. */
  get requests(): number {
    return this.#requests;
  }

  /** Serves an inherited listening socket. Resolves with the address that it is bound to. */
  async serve(fd: number): Promise<{ host: string; port: number }> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen({ fd }, resolve);
    await promise;
    const address = this.#server.address();
    if (address === null || typeof address === 'string')
      throw new Error('the inherited socket is not a TCP socket');
    return { host: address.address, port: address.port };
  }

  /** Closes this process's copy of the listening socket, and leaves every connection open. */
  stopAccepting(): void {
    // http.Server's own close() also closes idle connections, on which a client may be sending in this very moment.
    NetServer.prototype.close.call(this.#server);
  }

  /** Ends what is left. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
  }

  #listen(): void {
    this.#server.on('connection', (socket: Socket) => this.#opened(socket));
    this.#server.on('request', (request, response) => this.#answer(request, response));
    this.#server.on('checkContinue', (request, response) => this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      if (socket instanceof Socket) this.#upgrade(request, socket, head);
    });
    this.#server.on('connect', (_request, socket) => {
      if (socket instanceof Socket) this.#refuse(socket, noTunnels);
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (socket instanceof Socket) this.#rejected(error, socket);
    });
  }

  #opened(socket: Socket): void {
    this.#sockets.add(socket);
    this.#handlers.loadChanged();
    socket.once('end', () => this.#ended(socket));
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#handlers.loadChanged();
    });
  }

  /**
   * The client ends its side. It may still read, or be gone: which of the two shows when something is written to it, so
   * it is waited for that, but not for long.
   */
  #ended(socket: Socket): void {
    if (this.#open.has(socket)) socket.setTimeout(this.#limits.halfClosedMs);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#count(request, response);
    this.#handlers.request(request, response);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#handlers.upgrade(request, responseOnSocket(request, socket), socket, head);
  }

  #count(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#requests += 1;
    this.#open.set(socket, response);
    response.on('error', () => socket.destroy());
    response.once('close', () => {
      this.#requests -= 1;
      if (this.#open.get(socket) === response) this.#open.delete(socket);
      if (!request.complete) finishBody(request, this.#limits.lingerMs);
      this.#handlers.loadChanged();
    });
  }

  /** What the parser could not accept, or waited for in vain. */
  #rejected(error: NodeJS.ErrnoException, socket: Socket): void {
    const answering = this.#open.get(socket);
    const silent = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0;
    if (silent || !socket.writable || answering?.headersSent) socket.destroy();
    else this.#refuse(socket, refusalFor(error));
  }

  #refuse(socket: Socket, refusal: Refusal): void {
    if (this.#refused.has(socket)) return;
    this.#refused.add(socket);
    refuseRaw(socket, refusal);
    // Closed at once, what the client is still sending would reset the connection before it has read why.
    const linger = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(linger));
    socket.on('error', () => socket.destroy());
    socket.resume();
  }
}

/** The answer is out before the body is in: reads on for a while, since closing now could lose the answer. */
function finishBody(request: IncomingMessage, lingerMs: number): void {
  const linger = setTimeout(() => request.socket.destroy(), lingerMs);
  request.once('close', () => clearTimeout(linger));
  request.resume();
}

function refusalFor(error: NodeJS.ErrnoException): Refusal {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return headTooLarge;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return headTimeout;
    case 'HPE_INVALID_VERSION':
      // The parser says the same of a bare LF behind a version that it knows.
      if (Reflect.get(error, 'reason') === 'Invalid HTTP version') return unknownVersion;
      return malformed('The request line is not valid HTTP/1.1.');
    default:
      return malformed('The request is not valid HTTP/1.1.');
  }
}
