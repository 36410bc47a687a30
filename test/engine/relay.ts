import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stands between an Engine and its Docker Engine: counts what passes, and can lead to another one. */
export class Relay implements AsyncDisposable {
  /** Where it leads, as DOCKER_HOST writes it: unix:///path. New connections go there. */
  target: string;
  /** Bytes that came from the engine. */
  received = 0;
  /** Connections that are open now. */
  open = 0;
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, target: string) {
    this.#folder = folder;
    this.target = target;
    this.#server = createServer((socket) => this.#forward(socket));
  }

  static async start(target: string): Promise<Relay> {
    const relay = new Relay(await mkdtemp(join(tmpdir(), 'berth-relay-')), target);
    await new Promise<void>((resolve) => relay.#server.listen(relay.#socket, resolve));
    return relay;
  }

  get dockerHost(): string {
    return `unix://${this.#socket}`;
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
    engine.on('data', (chunk) => {
      this.received += chunk.length;
    });
    client.pipe(engine);
    engine.pipe(client);
    engine.on('error', () => undefined).on('close', () => client.destroy());
    client
      .on('error', () => undefined)
      .on('close', () => {
        engine.destroy();
        this.open--;
      });
  }
}
