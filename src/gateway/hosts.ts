/** A reg-name of RFC 3986 without the comma: one in a Host header is nearly always two headers merged on the way. */
const REG_NAME = /^(?:[a-z0-9._~!$&'()*+;=-]|%[0-9a-f]{2})+$/;
const IP_LITERAL = /^\[[0-9a-f:.]{2,}(?:%25[a-z0-9._~-]+)?\]$/;
const AUTHORITY = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{0,5}))?$/;

/** An authority (RFC 3986, 3.2) without user information: who is meant, and at which port, if it says. */
export interface Authority {
  /** Lower case, without a trailing dot; an IPv6 literal keeps its brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Parses the value of a Host header or the authority of an absolute-form target. Undefined where it is malformed. */
export function parseAuthority(text: string): Authority | undefined {
  const match = AUTHORITY.exec(text.toLowerCase());
  const name = match?.[1];
  if (name === undefined) return undefined;
  const host = name.startsWith('[') ? ipLiteral(name) : registeredName(name);
  const port = match?.[2] ? Number(match[2]) : undefined;
  if (host === undefined || (port !== undefined && port > 65_535)) return undefined;
  return { host, port };
}

function ipLiteral(text: string): string | undefined {
  return IP_LITERAL.test(text) ? text : undefined;
}

function registeredName(text: string): string | undefined {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  return name.length <= 255 && REG_NAME.test(name) ? name : undefined;
}
