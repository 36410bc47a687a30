import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { forwardedTrailers, withoutHopByHop } from './forwarded-headers.ts';
import type { Header } from './headers.ts';
import type { Limits } from './limits.ts';
import { headersOf, isChunked, isHttp10, sendHead } from './node-http.ts';
import { brokenBackend } from './refusal.ts';
import { abort, awaitsContinue, refuse } from './refuse.ts';
import { isSound } from './sound-answer.ts';

/** Passes a container's answer on as it comes. Where it breaks off, so does the client's connection. */
export function relayResponse(
  upstream: ClientRequest,
  answer: IncomingMessage,
  request: IncomingMessage,
  response: ServerResponse,
  limits: Limits,
): void {
  if (!isSound(answer)) {
    upstream.destroy();
    refuse(request, response, brokenBackend);
    return;
  }
  if (awaitsContinue(request)) response.shouldKeepAlive = false;
  try {
    response.writeHead(
      answer.statusCode ?? 502,
      answer.statusMessage,
      responseHeaders(answer, request).flat(),
    );
  } catch {
    // The parser lets a reason phrase pass that node will not write.
    answer.destroy();
    refuse(request, response, brokenBackend);
    return;
  }
  sendHead(response);
  answer.pipe(response, { end: false });
  answer.once('end', () => {
    response.addTrailers(forwardedTrailers(headersOf(answer.rawTrailers)));
    response.end();
  });
  const cut = (): void => {
    if (!answer.complete) abort(request);
  };
  // Node takes a reset for the end of an answer without a length; only this event comes before it does.
  upstream.once('error', cut);
  answer.once('error', cut);
  answer.once('close', cut);
  cutStalledReader(answer, request, limits.stalledReaderMs);
}

/** Node refuses to announce trailers on an answer that it doesn't send in chunks. */
function responseHeaders(answer: IncomingMessage, request: IncomingMessage): Header[] {
  const all = withoutHopByHop(headersOf(answer.rawHeaders));
  const headers =
    answer.statusCode === 204 ? all.filter(([name]) => name.toLowerCase() !== 'content-length') : all;
  const bodiless = request.method === 'HEAD' || answer.statusCode === 204 || answer.statusCode === 304;
  if (isChunked(answer) && !isHttp10(request) && !bodiless) return headers;
  return headers.filter(([name]) => name.toLowerCase() !== 'trailer');
}

function cutStalledReader(answer: IncomingMessage, request: IncomingMessage, stalledMs: number): void {
  let stalled: NodeJS.Timeout | undefined;
  answer.on('pause', () => {
    clearTimeout(stalled);
    stalled = setTimeout(() => abort(request), stalledMs);
  });
  answer.on('resume', () => clearTimeout(stalled));
  answer.once('close', () => clearTimeout(stalled));
}
