import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transform } from 'node:stream';

/** Stands between an Engine and its Docker Engine: counts what passes, and can lead to another one. */
export class Relay implements AsyncDisposable {
  /** Where it leads, as DOCKER_HOST writes it: unix:///path. New connections go there. */
  target: string;
  /** Bytes that came from the engine. */
  received = 0;
  /** Changes what comes from the engine; the length has to stay. */
  rewrite: (text: string) => string = (text) => text;
  /** Connections that are open now. */
  open = 0;
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, target: string) {
    this.#folder = folder;
    this.target = target;
    this.#server = createServer((socket) => this.#forward(socket));
  }

  static async start(target: string, kind: 'socket' | 'tcp' = 'socket'): Promise<Relay> {
    const relay = new Relay(await mkdtemp(join(tmpdir(), 'berth-relay-')), target);
    const place = kind === 'tcp' ? { host: '127.0.0.1', port: 0 } : { path: relay.#socket };
    await new Promise<void>((resolve) => relay.#server.listen(place, resolve));
    return relay;
  }

  get dockerHost(): string {
    const address = this.#server.address();
    return typeof address === 'object' ? `tcp://127.0.0.1:${address?.port}` : `unix://${address}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await rm(this.#folder, { recursive: true });
  }

  get #socket(): string {
    return join(this.#folder, 'relay.sock');
  }

  #forward(client: Socket): void {
    this.open++;
    const engine = connect(new URL(this.target).pathname);
    const passing = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.received += chunk.length;
        done(null, Buffer.from(this.rewrite(chunk.toString('latin1')), 'latin1'));
      },
    });
    client.pipe(engine);
    engine.pipe(passing).pipe(client);
    engine.on('error', () => client.destroy());
    client
      .on('error', () => undefined)
      .on('close', () => {
        engine.destroy();
        this.open--;
      });
  }
}
