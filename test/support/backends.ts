import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';

/** Something that answers in a container's stead, on a free port of the loopback. */
export interface Backend extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open to it now. */
  readonly sockets: ReadonlySet<Socket>;
}

export interface HttpBackend extends Backend {
  readonly server: Server;
}

/** A backend that speaks HTTP as node does. */
export async function httpBackend(listener: RequestListener): Promise<HttpBackend> {
  const server = createServer(listener);
  return { server, ...(await listenOn(server)) };
}

/** A backend that answers every request with the same text. */
export function textBackend(text: string): Promise<HttpBackend> {
  return httpBackend((request, response) => {
    request.resume();
    response.end(text);
  });
}

/** A backend that gets each connection raw, to break the rules with. */
export function rawBackend(connected: (socket: Socket) => void): Promise<Backend> {
  // Half-open, so that only the test says when a side ends.
  return listenOn(
    createTcpServer({ allowHalfOpen: true }, (socket) => {
      // Breaking off is what these tests are about.
      socket.on('error', () => socket.destroy());
      connected(socket);
    }),
  );
}

/** A port where nothing listens. */
export async function closedPort(): Promise<number> {
  const backend = await rawBackend(() => undefined);
  await backend[Symbol.asyncDispose]();
  return backend.port;
}

async function listenOn(server: TcpServer): Promise<Backend> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return {
    port: address.port,
    sockets,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
