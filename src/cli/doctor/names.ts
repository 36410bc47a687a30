import { lookup } from 'node:dns/promises';
import { messageOf } from '../../domain/errors.ts';
import { type Finding, ok, warning } from './finding.ts';

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;

/** Resolves a name under the containers' domain the way that programs on this machine do (getaddrinfo). */
export async function checkNames(domain: string, gatewayPort: number): Promise<Finding> {
  const about = `*.${domain}`;
  const name = `berth-doctor.${domain}`;
  try {
    const addresses = (await lookup(name, { all: true })).map(({ address }) => address);
    if (domain !== 'localhost' || addresses.every((address) => LOOPBACK.test(address))) {
      return ok(about, `resolves to ${addresses.join(', ')}`);
    }
    return warning(
      about,
      `resolves to ${addresses.join(', ')}, which is not this machine`,
      advice(domain, gatewayPort),
    );
  } catch (error) {
    return warning(
      about,
      `this machine's resolver does not know it: ${messageOf(error)}`,
      advice(domain, gatewayPort),
    );
  }
}

function advice(domain: string, port: number): string {
  if (domain !== 'localhost')
    return `Add a wildcard record *.${domain} with this machine's address to its DNS zone.`;
  return (
    'Browsers and curl resolve it themselves. For other programs: apt-get install libnss-myhostname, ' +
    `or name the address: curl --connect-to ::127.0.0.1:${port} http://NAME.localhost/.`
  );
}
