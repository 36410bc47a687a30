import { createServer } from 'node:net';

/** Exits 0 where nothing listens at HOST:PORT, 1 where something does. */
const [, host = '', port = ''] = /^\[?(.*?)\]?:([0-9]+)$/.exec(process.argv[2] ?? '') ?? [];
const server = createServer();
server.once('error', () => process.exit(1));
server.listen({ host, port: Number(port) }, () => server.close());
