import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from './context.ts';
import { HttpError } from './problem.ts';

const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::[0-9]{1,5})?$/;

/**
 * Answers only under known names. A page of a stranger's whose name is made to point at this machine (DNS rebinding)
 * would be of one origin with the API otherwise. On the Unix socket there are no names.
 */
export function hostCheck(allowedHosts: readonly string[]): MiddlewareHandler<ApiEnv> {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return async (c, next) => {
    // In absolute form the target's host counts, else the header's (RFC 9112, section 3.2.2): both must be known.
    const named = [c.req.header('Host') ?? '', new URL(c.req.url).host];
    if (c.env.trust !== 'local' && !named.every((host) => isKnown(host, allowed))) {
      throw new HttpError(
        'misdirected',
        'The API does not answer under this host name: use an IP address or localhost, or add the name to "api_hosts" in berth.toml.',
      );
    }
    await next();
  };
}

function isKnown(host: string, allowed: ReadonlySet<string>): boolean {
  const [, ipv6, plain = ''] = HOST.exec(host) ?? [];
  if (ipv6 !== undefined) return isIP(ipv6) === 6;
  const name = plain.toLowerCase().replace(/\.$/, '');
  return isIP(name) === 4 || name === 'localhost' || name.endsWith('.localhost') || allowed.has(name);
}
