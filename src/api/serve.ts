import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Trust } from './context.ts';
import { type Listen, listenOn } from './listen.ts';
import type { Api } from './openapi.ts';
import { PROBLEM_TYPE, unreadable } from './problem.ts';

/** A request has to arrive whole in half a minute; an answer may take as long as it likes. */
const LIMITS = { headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16 * 1024 };
/** How long requests in progress may take to end when the server closes, in milliseconds. */
const CLOSE_MS = 3_000;

/** A listening API. Disposing of it stops it: streams at once, other requests within three seconds. */
export interface ApiServer extends AsyncDisposable {
  /** `host:port`, or the path of the socket. */
  readonly address: string;
}

/** Serves the API on a TCP port or a Unix socket. Throws a DomainError where that can't be listened on. */
export async function serveApi(app: Api, on: Listen, trust: Trust): Promise<ApiServer> {
  const open = new Set<ServerResponse>();
  const server = createServer(LIMITS, (incoming, outgoing) => {
    open.add(outgoing);
    outgoing.once('close', () => open.delete(outgoing));
    const answer = getRequestListener((request) => app.fetch(request, { incoming, outgoing, trust }), {
      overrideGlobalObjects: false,
      errorHandler: () => unreadableResponse(),
    });
    void answer(incoming, outgoing);
  });
  server.on('clientError', refuseMalformed);
  const address = await listenOn(server, on);
  return { address, [Symbol.asyncDispose]: () => close(server, open) };
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
  const { status, title, body } = unreadable(statusOf(error.code));
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function statusOf(code: string | undefined): 400 | 408 | 431 {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
}

async function close(server: Server, open: ReadonlySet<ServerResponse>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const response of open) {
    if (isStream(response)) response.destroy();
    else response.once('finish', () => setImmediate(() => server.closeIdleConnections()));
  }
  const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await closed.finally(() => clearTimeout(deadline));
}

function isStream(response: ServerResponse): boolean {
  return String(response.getHeader('Content-Type') ?? '').startsWith('text/event-stream');
}
