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

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
