import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that answers as a test says, for what the real berthd never does on demand: break off, stall, lie. */
export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  /** The requests so far. */
  readonly requests: readonly IncomingMessage[];
}

/** Listens on a port of the kernel's choice, or on a Unix socket. */
export async function startApiServer(answer: RequestListener, socketPath?: string): Promise<ApiServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  server.listen(socketPath === undefined ? { host: '127.0.0.1', port: 0 } : { path: socketPath });
  await once(server, 'listening');
  return {
    url: socketPath === undefined ? `http://127.0.0.1:${portOf(server.address())}` : 'http://localhost',
    requests,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answers with JSON. */
export function json(status: number, body: unknown, contentType = 'application/json'): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': contentType });
    response.end(JSON.stringify(body));
  };
}

/** Answers with an event stream, then ends it, cuts the connection, or leaves it open. */
export function stream(body: string, then: 'end' | 'cut' | 'open'): RequestListener {
  return (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    if (then === 'end') response.end(body);
    else response.write(body, () => then === 'cut' && request.socket.destroySoon());
  };
}

/** The first request gets the first answer, and so on; the last one stays. */
export function inTurn(...answers: RequestListener[]): RequestListener {
  return (request, response) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  };
}

/** Everything that a stream brings. */
export async function collect<Event>(events: AsyncIterable<Event>): Promise<Event[]> {
  const collected: Event[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
