import type { ClientRequest, IncomingMessage } from 'node:http';
import { isHttp10 } from './node-http.ts';

/** More than anybody needs; without a limit, a container that sends nothing else would never be done. */
const MOST = 16;

export interface InterimListener {
  /** The container asks for the body that it was told to expect. Called at most once. */
  readonly continue?: () => void;
  readonly tooMany: () => void;
}

/** Follows the interim responses (RFC 9110, 15.2) to a request, but for 101. */
export function watchInterim(upstream: ClientRequest, listener: InterimListener): void {
  let seen = 0;
  let continued = false;
  upstream.on('information', ({ statusCode }) => {
    seen += 1;
    if (seen > MOST) {
      // The parser may hold thousands of them yet.
      upstream.removeAllListeners('information');
      listener.tooMany();
    } else if (statusCode === 100 && !continued) {
      continued = true;
      listener.continue?.();
    }
  });
}

/** Whether a client wants to hear 100: one that never asked, or speaks HTTP/1.0, may take it for its answer. */
export function expectsContinue(request: IncomingMessage): boolean {
  return request.headers.expect !== undefined && !isHttp10(request);
}
