import { connect, type Socket } from 'node:net';
import type { InstanceActivity } from './activity.ts';
import { readLines } from './lines.ts';
import { decodeGatewayMessage, encodeMessage, type GatewayMessage, type Hello } from './protocol.ts';
import type { Table } from './route-table.ts';

const HELLO_DEADLINE_MS = 5_000;

/** One connection of berthd's to one generation of the gateway, from its `hello` to its end. */
export class LinkConnection {
  readonly hello: Hello;
  /** The version that every process of the generation is known to use; -1 before this berthd's first table. */
  applied = -1;
  /** Another generation serves. This one still has requests open, and must not send one to an instance that is gone. */
  retiring = false;
  readonly #socket: Socket;
  readonly #lines: AsyncGenerator<string>;
  readonly #inFlight = new Map<string, number>();
  #sent = -1;

  private constructor(socket: Socket, lines: AsyncGenerator<string>, hello: Hello) {
    this.#socket = socket;
    this.#lines = lines;
    this.hello = hello;
  }

  /** Connects and waits for the gateway's hello. Rejects where there is none, and when the signal aborts. */
  static async open(path: string, signal: AbortSignal): Promise<LinkConnection> {
    const socket = connect({ path, signal });
    const late = setTimeout(
      () => socket.destroy(new Error('the gateway does not answer')),
      HELLO_DEADLINE_MS,
    );
    try {
      const lines = readLines(socket);
      const first = await lines.next();
      if (first.done) throw new Error('the gateway closed the connection without a word');
      const hello = decodeGatewayMessage(first.value);
      if (hello?.type !== 'hello') throw new Error('the gateway did not say hello');
      return new LinkConnection(socket, lines, hello);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  inFlight(instance: string): number {
    return this.#inFlight.get(instance) ?? 0;
  }

  /** Sends a table, one at a time: the next goes when this one is applied. */
  push(table: Table): void {
    if (this.#sent > this.applied || this.applied >= table.version) return;
    this.#sent = table.version;
    this.#socket.write(encodeMessage({ type: 'table', table }));
  }

  requestReload(): void {
    this.#socket.write(encodeMessage({ type: 'reload' }));
  }

  /** Follows what the gateway says, `changed` after each message. Resolves when the connection ends; throws when it breaks. */
  async follow(changed: () => void): Promise<void> {
    try {
      for await (const line of this.#lines) {
        const message = decodeGatewayMessage(line);
        if (message) this.#take(message);
        changed();
      }
    } finally {
      this.#socket.destroy();
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(message: GatewayMessage): void {
    if (message.type === 'applied') this.applied = message.version;
    if (message.type === 'retiring') this.retiring = true;
    if (message.type === 'activity') for (const one of message.instances) this.#count(one.instance, one);
  }

  #count(instance: string, { inFlight }: InstanceActivity): void {
    if (inFlight > 0) this.#inFlight.set(instance, inFlight);
    else this.#inFlight.delete(instance);
  }
}
