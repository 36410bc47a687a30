const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** A container's name: a DNS label (RFC 1123). Also the pattern in the OpenAPI document. */
export const NAME_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A host name of a client's own: at least two labels, lower case. Also the pattern in the OpenAPI document. */
export const HOSTNAME_PATTERN = new RegExp(`^(?=.{3,253}$)${LABEL}(?:\\.${LABEL})+$`);

/**
 * The host name that berth gives a container: `<name>-<8 base32 characters of the id>.<domain>`.
 * The name is cut where the first label would grow past the 63 characters that DNS allows.
 */
export function generatedHostname(name: string, containerId: string, domain: string): string {
  const suffix = base32(Buffer.from(containerId.replaceAll('-', '').slice(0, 10), 'hex'));
  return `${name.slice(0, 63 - suffix.length - 1).replace(/-+$/, '')}-${suffix}.${domain}`;
}

/** RFC 4648 base32, lower case, without padding; 5 bytes give 8 characters. */
function base32(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32.charAt(Number.parseInt(five, 2))).join('');
}

/** Every host name that a container answers to: the generated one first, then its own. */
export function hostnamesOf(
  spec: { readonly name: string; readonly hostnames: readonly string[] },
  containerId: string,
  domain: string,
): readonly string[] {
  return [...new Set([generatedHostname(spec.name, containerId, domain), ...spec.hostnames])];
}
