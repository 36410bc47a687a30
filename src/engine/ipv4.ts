/** A range of IPv4 addresses as CIDR writes it; `network` is an unsigned 32-bit number with no bit beyond the prefix. */
export interface Subnet {
  readonly network: number;
  /** 0–32. */
  readonly prefix: number;
}

/** Parses dotted IPv4 ("10.0.0.1"). Undefined where the text is none. */
export function parseIpv4(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((address, part) => address * 256 + part, 0);
}

/** An address as dotted text. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/** How many addresses a subnet holds. */
export function subnetSize(subnet: Subnet): number {
  return 2 ** (32 - subnet.prefix);
}

/** Parses "10.0.0.0/8"; bits beyond the prefix are dropped. Undefined where the text is none (IPv6 too). */
export function parseSubnet(text: string): Subnet | undefined {
  const [, host = '', length = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const address = parseIpv4(host);
  const prefix = Number(length);
  if (address === undefined || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  return { network: Math.floor(address / size) * size, prefix };
}

/** A subnet as text: "10.0.0.0/8". */
export function formatSubnet(subnet: Subnet): string {
  return `${formatIpv4(subnet.network)}/${subnet.prefix}`;
}

/** Whether two subnets share an address. */
export function overlap(a: Subnet, b: Subnet): boolean {
  return a.network < b.network + subnetSize(b) && b.network < a.network + subnetSize(a);
}
