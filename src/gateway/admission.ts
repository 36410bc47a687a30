import { type Header, headerTokens, headerValues } from './headers.ts';
import { type Authority, parseAuthority } from './hosts.ts';
import { malformed, type Refusal } from './refusal.ts';

/** The head of a request as it came over the wire. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly version: '1.0' | '1.1';
  readonly headers: readonly Header[];
}

/** What a well-formed head asks for. */
export interface Admitted {
  /** Lower case, without port; undefined where an HTTP/1.0 client names none. */
  readonly host: string | undefined;
  /** The target in origin form or `*`, as the container gets it. */
  readonly path: string;
}

const ABSOLUTE_FORM = /^(https?):\/\/([^/?#]*)(.*)$/i;
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['http', 80],
  ['https', 443],
]);

/** Holds a request's head to RFC 9112 where the parser beneath doesn't: it is rejected, never repaired. */
export function admit(head: RequestHead): Admitted | Refusal {
  const framing = checkFraming(head);
  if (framing) return framing;
  const hosts = headerValues(head.headers, 'host');
  if (hosts.length > 1) return malformed('The request has more than one Host header.');
  const named = hosts[0];
  if (named === undefined && head.version === '1.1') return malformed('The request has no Host header.');
  const authority = named === undefined ? undefined : parseAuthority(named);
  if (named !== undefined && !authority) return malformed('The Host header is not a valid host name.');
  return resolveTarget(head, authority);
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
  if (head.target.startsWith('/')) return { host, path: head.target };
  if (head.target === '*' && head.method === 'OPTIONS') return { host, path: '*' };
  const [, scheme, name, path] = ABSOLUTE_FORM.exec(head.target) ?? [];
  if (scheme === undefined || name === undefined) return malformed('The request target is not valid.');
  const target = parseAuthority(name);
  if (!target) return malformed('The request target does not name a valid host.');
  const port = DEFAULT_PORTS.get(scheme.toLowerCase());
  if (authority && !sameAuthority(target, authority, port)) {
    return malformed('The request target and the Host header name different hosts.');
  }
  return { host: target.host, path: originForm(path ?? '') };
}

function sameAuthority(a: Authority, b: Authority, defaultPort: number | undefined): boolean {
  return a.host === b.host && (a.port ?? defaultPort) === (b.port ?? defaultPort);
}

function originForm(rest: string): string {
  return rest.startsWith('/') ? rest : `/${rest}`;
}
