import { once } from 'node:events';
import { type Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: IncomingMessage['trailers'];
  readonly body: string;
}

export interface Ask extends RequestOptions {
  readonly body?: string;
  readonly agent?: Agent;
}

/** One request by host name, its answer read to the end. Rejects where the connection breaks off. */
export async function ask(port: number, host: string, options: Ask = {}): Promise<Answer> {
  const answer = await begin(port, host, options);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    rawHeaders: answer.rawHeaders,
    trailers: answer.trailers,
    body: Buffer.concat(chunks).toString(),
  };
}

/** One request by host name, as far as the head of its answer. */
export async function begin(
  port: number,
  host: string,
  { body, headers, ...options }: Ask = {},
): Promise<IncomingMessage> {
  const sent = request({ host: '127.0.0.1', port, headers: { host, ...headers }, ...options });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  // What breaks later shows on the answer.
  sent.on('error', () => undefined);
  return answer;
}

/** Sends bytes as they are and reads until the connection ends. Rejects where it is reset. */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return readAll(socket);
}

export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

/** Reads until the text has come. */
export async function readUntil(socket: Socket, text: string): Promise<string> {
  let seen = '';
  while (!seen.includes(text)) {
    const [chunk] = await once(socket, 'data');
    seen += chunk.toString('latin1');
  }
  return seen;
}
