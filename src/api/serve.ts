import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ApiEnv, Trust } from './context.ts';
import { type Listen, listenOn } from './listen.ts';
import { PROBLEM_TYPE, unreadable } from './problem.ts';

/** A request has to arrive whole in half a minute; an answer may take as long as it likes. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // How often node looks whether one of these is over: every 30 seconds if not told.
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1024,
};
/** How long requests in progress may take to end when the server closes, in milliseconds. */
const CLOSE_MS = 3_000;
/** How soon a connection is closed whose request has ended meanwhile. */
const IDLE_CHECK_MS = 50;

/** How long a connection stays open after an answer to bytes that are no request of ours. */
const LINGER_MS = 2_000;

/** A listening API. Disposing of it stops it: streams at once, other requests within three seconds. */
export interface ApiServer extends AsyncDisposable {
  /** `host:port`, or the path of the socket. */
  readonly address: string;
}

/** Serves the API on a TCP port or a Unix socket. Throws a DomainError where that can't be listened on. */
export async function serveApi(
  app: Pick<Hono<ApiEnv>, 'fetch'>,
  on: Listen,
  trust: Trust,
): Promise<ApiServer> {
  const sockets = new Set<Socket>();
  const busy = new Set<Socket>();
  const server = createServer(LIMITS, (incoming, outgoing) => {
    const { socket } = incoming;
    busy.add(socket);
    outgoing.once('close', () => busy.delete(socket));
    const answer = async (request: Request) => {
      const response = await app.fetch(request, { incoming, outgoing, trust });
      // A stream may go on for ever: nobody waits for its end.
      if (isStream(response)) busy.delete(socket);
      return response;
    };
    void getRequestListener(answer, {
      overrideGlobalObjects: false,
      errorHandler: () => unreadableResponse(),
    })(incoming, outgoing);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', refuseMalformed);
  server.on('connect', (_incoming, socket) => hangUp(socket, 501));
  const address = await listenOn(server, on);
  return { address, [Symbol.asyncDispose]: () => close(server, sockets, busy) };
}

/** A request that is HTTP and still names nothing: no host, or a target that is no path. */
function unreadableResponse(): Response {
  const { status, body } = unreadable(400);
  return new Response(body, { status, headers: { 'Content-Type': PROBLEM_TYPE } });
}

/** Answers bytes that are no HTTP, or too many, or too slow, and hangs up. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  hangUp(socket, statusOf(error.code));
}

/** Answers on the bare connection, and closes it. */
function hangUp(socket: Duplex, status: Parameters<typeof unreadable>[0]): void {
  const { title, body } = unreadable(status);
  // Whoever goes without waiting for the answer is no concern of ours, and whoever stays after it is sent away.
  socket.on('error', () => socket.destroy());
  const linger = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(linger));
  // Bytes left unread would reset the connection, and the answer with it.
  socket.resume();
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function statusOf(code: string | undefined): 400 | 408 | 431 {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
}

async function close(server: Server, sockets: ReadonlySet<Socket>, busy: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // node itself would leave connections open that have not asked anything yet.
  for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await closed.finally(() => {
    clearInterval(idle);
    clearTimeout(deadline);
  });
}

function isStream(response: Response): boolean {
  return response.headers.get('Content-Type')?.startsWith('text/event-stream') ?? false;
}
