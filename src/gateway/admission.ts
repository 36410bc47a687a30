import { type Header, headerTokens, headerValues } from './headers.ts';
import { type Authority, parseAuthority } from './hosts.ts';
import type { Limits } from './limits.ts';
import { headTooLarge, malformed, type Refusal, tooManyHeaders, unknownVersion } from './refusal.ts';

/** The head of a request as it came over the wire. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** As in the request line, such as 1.1. */
  readonly version: string;
  readonly headers: readonly Header[];
}

/** What a well-formed head asks for. */
export interface Admitted {
  /** Lower case, without port; undefined where an HTTP/1.0 client names none. */
  readonly host: string | undefined;
  /** The host as the client wrote it, port included: what the container gets for Host. */
  readonly authority: string | undefined;
  /** The target in origin form or `*`, as the container gets it. */
  readonly path: string;
}

const ABSOLUTE_FORM = /^(https?):\/\/([^/?#]*)(.*)$/i;
/** Two spaces, `HTTP/1.1` and a line's end. */
const REQUEST_LINE_REST = 12;
/** A colon, a space and a line's end. */
const HEADER_REST = 4;
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
]);

/** Holds a request's head to RFC 9112 where the parser beneath doesn't: it is rejected, never repaired. */
export function admit(head: RequestHead, limits: Limits): Admitted | Refusal {
  if (head.version !== '1.0' && head.version !== '1.1') return unknownVersion;
  const refusal = checkSize(head, limits) ?? checkFraming(head);
  if (refusal) return refusal;
  const hosts = headerValues(head.headers, 'host');
  if (hosts.length > 1) return malformed('The request has more than one Host header.');
  const named = hosts[0];
  if (named === undefined && head.version === '1.1') return malformed('The request has no Host header.');
  const authority = named === undefined ? undefined : parseAuthority(named);
  if (named !== undefined && !authority) return malformed('The Host header is not a valid host name.');
  const target = resolveTarget(head, authority);
  return 'status' in target ? target : { ...target, authority: named ?? target.authority };
}

/** The parser counts names and values alone: sixteen thousand headers without a value are 16 KiB to it. */
function checkSize({ method, target, headers }: RequestHead, limits: Limits): Refusal | undefined {
  if (headers.length > limits.requestHeaders) return tooManyHeaders;
  const line = method.length + target.length + REQUEST_LINE_REST;
  const size = headers.reduce((sum, [name, value]) => sum + name.length + value.length + HEADER_REST, line);
  return size > limits.requestHead ? headTooLarge : undefined;
}

/** RFC 9112, 6.1: chunked is the only transfer coding understood here, and HTTP/1.0 has none. */
function checkFraming(head: RequestHead): Refusal | undefined {
  const codings = headerTokens(head.headers, 'transfer-encoding');
  if (codings.length === 0) return undefined;
  if (head.version === '1.0') return malformed('Transfer-Encoding does not exist in HTTP/1.0.');
  if (codings.length === 1 && codings[0] === 'chunked') return undefined;
  return malformed('The only Transfer-Encoding accepted is a single "chunked".');
}

/** RFC 9112, 3.2: origin form, `*` for OPTIONS, or an absolute form that agrees with the Host header. */
function resolveTarget(head: RequestHead, authority: Authority | undefined): Admitted | Refusal {
  const host = authority?.host;
  if (head.target.startsWith('/')) return { host, authority: undefined, path: head.target };
  if (head.target === '*' && head.method === 'OPTIONS') return { host, authority: undefined, path: '*' };
  const [, scheme, name, path] = ABSOLUTE_FORM.exec(head.target) ?? [];
  if (scheme === undefined || name === undefined) return malformed('The request target is not valid.');
  const target = parseAuthority(name);
  if (!target) return malformed('The request target does not name a valid host.');
  const port = DEFAULT_PORTS.get(scheme.toLowerCase());
  if (authority && !sameAuthority(target, authority, port)) {
    return malformed('The request target and the Host header name different hosts.');
  }
  return { host: target.host, authority: name, path: originForm(path ?? '') };
}

function sameAuthority(a: Authority, b: Authority, defaultPort: number | undefined): boolean {
  return a.host === b.host && (a.port ?? defaultPort) === (b.port ?? defaultPort);
}

function originForm(rest: string): string {
  return rest.startsWith('/') ? rest : `/${rest}`;
}
