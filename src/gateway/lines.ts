import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/** No table is near this; what is longer is no message of ours. In characters. */
export const LINE_LIMIT = 16 * 1024 * 1024;

/** The lines that a socket brings, until it ends. Throws when it breaks, or when one grows past the limit. */
export async function* readLines(socket: Socket, limit = LINE_LIMIT): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of socket) {
    const [first = '', ...rest] = decoder.write(chunk).split('\n');
    parts.push(first);
    length += first.length;
    if (length > limit) throw new Error(`a line is longer than ${limit} characters`);
    for (const next of rest) {
      yield parts.join('');
      parts = [next];
      length = next.length;
    }
  }
}
