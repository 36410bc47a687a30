import type { IncomingMessage } from 'node:http';
import { headerTokens } from './headers.ts';
import { headersOf, isHttp10 } from './node-http.ts';

/**
 * Whether a container's answer is a final one whose framing every reader understands alike. The parser takes 101 for
 * final where it lacks an Upgrade header, and reads any transfer coding until the connection ends.
 */
export function isSound(answer: IncomingMessage): boolean {
  if ((answer.statusCode ?? 0) < 200) return false;
  const codings = headerTokens(headersOf(answer.rawHeaders), 'transfer-encoding');
  if (codings.length === 0) return answer.headers['transfer-encoding'] === undefined;
  return codings.length === 1 && codings[0] === 'chunked' && !isHttp10(answer);
}
