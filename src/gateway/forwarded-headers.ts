import { type Header, headerTokens, headerValues } from './headers.ts';

/** Who sent a request, as X-Forwarded-* tells the container. */
export interface Peer {
  readonly address: string;
  /** The port of the gateway that it connected to. */
  readonly port: number;
  readonly protocol: 'http' | 'https';
  /** The Host header as the client sent it, or what its target names; undefined from an HTTP/1.0 client with neither. */
  readonly host: string | undefined;
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** What a sender may not take away by naming it in Connection: the message's framing and its destination. */
const NEVER_REMOVED: ReadonlySet<string> = new Set(['content-length', 'host']);

/**
 * What says who asked, besides X-Forwarded-*: only the gateway's own word on that reaches a container. And Proxy, which
 * CGI turns into HTTP_PROXY, where many a library looks for the way to the internet.
 */
const CLAIMS: ReadonlySet<string> = new Set(['forwarded', 'proxy', 'x-forwarded', 'x-real-ip']);

const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set(['content-length', 'host', 'trailer']);

/** Without the headers that concern one connection only (RFC 9110, 7.6.1), those that Connection names among them. */
export function withoutHopByHop(headers: readonly Header[]): Header[] {
  const named = new Set(headerTokens(headers, 'connection').filter((name) => !NEVER_REMOVED.has(name)));
  return headers.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()) && !named.has(name.toLowerCase()));
}

/** Whether a container could take a header that a client sent for the gateway's word, or for framing. */
function isClaim(name: string): boolean {
  // CGI, WSGI and their heirs make the same variable of X_Forwarded_For and X-Forwarded-For.
  const read = name.toLowerCase().replaceAll('_', '-');
  if (CLAIMS.has(read) || read.startsWith('x-forwarded-')) return true;
  return name.includes('_') && (HOP_BY_HOP.has(read) || NEVER_REMOVED.has(read));
}

/** A client's headers as the container gets them; the framing and connection headers are the transport's to add. */
export function forwardedRequestHeaders(headers: readonly Header[], peer: Peer): Header[] {
  const unnamed = headerValues(headers, 'host').length === 0;
  return [
    ...(unnamed && peer.host !== undefined ? [['Host', peer.host] as const] : []),
    ...withoutHopByHop(headers).filter(([name]) => !isClaim(name)),
    ['X-Forwarded-For', peer.address.replace(/^::ffff:(?=[0-9.]+$)/i, '')],
    ['X-Forwarded-Proto', peer.protocol],
    ...(peer.host === undefined ? [] : [['X-Forwarded-Host', peer.host] as const]),
    ['X-Forwarded-Port', String(peer.port)],
  ];
}

/** Trailer fields without those that would change the message's framing or route (RFC 9110, 6.5.1). */
export function forwardedTrailers(trailers: readonly Header[]): [name: string, value: string][] {
  return withoutHopByHop(trailers)
    .filter(([name]) => !FORBIDDEN_TRAILERS.has(name.toLowerCase()) && !isClaim(name))
    .map(([name, value]) => [name, value]);
}
