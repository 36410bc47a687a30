import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Deadlines } from './deadlines.ts';
import { NetworkAnswer } from './docker-answers.ts';
import type { DockerClient } from './docker-client.ts';
import { type AddressRange, EngineError } from './engine.ts';
import { formatIpv4, formatSubnet, parseIpv4, parseSubnet, type Subnet, subnetSize } from './ipv4.ts';
import { INSTALLATION, labelFilter } from './labels.ts';
import { explainRefusal, Refusal } from './refusal.ts';
import { chooseSubnet, routedSubnets } from './subnet.ts';

const ISOLATION = 'com.docker.network.bridge.enable_icc';
const MAX_ATTEMPTS = 16;

/** The name of an installation's network. */
export function networkName(installation: string): string {
  return `berth-${installation.slice(0, 12)}`;
}

/** The one bridge network that an installation's instances live on, where none reaches another. */
export class InstallationNetwork {
  readonly #client: DockerClient;
  readonly #installation: string;
  readonly #deadlines: Deadlines;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: DockerClient, installation: string, deadlines: Deadlines) {
    this.#client = client;
    this.#installation = installation;
    this.#deadlines = deadlines;
  }

  /** Makes the network where it is missing, and tells which addresses instances may have. One call at a time. */
  prepare(signal: AbortSignal): Promise<AddressRange> {
    const attempt = () => this.#prepare(signal);
    const prepared = this.#last.then(attempt, attempt);
    this.#last = prepared.catch(() => undefined);
    return prepared;
  }

  /** Removes the network. No instance may be left on it; a network that isn't there is no error. */
  async remove(signal: AbortSignal): Promise<void> {
    for (const network of await this.#own(signal)) await this.#delete(network, signal);
  }

  async #prepare(signal: AbortSignal): Promise<AddressRange> {
    const found = await this.#settled(signal);
    return rangeOf(found ?? (await this.#created(signal)));
  }

  async #created(signal: AbortSignal): Promise<NetworkAnswer> {
    const taken = [...(await machineSubnets()), ...(await this.#dockerSubnets(signal))];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const subnet = chooseSubnet(this.#installation, taken);
      if (subnet === undefined) break;
      await this.#create(subnet, signal);
      const network = await this.#settled(signal);
      if (network !== undefined) return network;
      // Someone took it, or a part of it, in between.
      taken.push(subnet);
    }
    throw new EngineError(
      'refused',
      "no private subnet is free for berth's network: routes or other networks take all",
    );
  }

  /** Resolves without a network where the subnet overlaps one that Docker has by now. */
  async #create(subnet: Subnet, signal: AbortSignal): Promise<void> {
    const body = {
      Name: networkName(this.#installation),
      CheckDuplicate: true,
      Driver: 'bridge',
      EnableIPv6: false,
      IPAM: { Config: [{ Subnet: formatSubnet(subnet), Gateway: formatIpv4(subnet.network + 1) }] },
      Options: { [ISOLATION]: 'false' },
      Labels: { [INSTALLATION]: this.#installation },
    };
    await this.#client
      .tell({
        method: 'POST',
        path: '/networks/create',
        body,
        deadline: this.#deadlines.change,
        signal,
        explain: explainCreate,
      })
      .catch(ignoreOverlap);
  }

  /** This installation's network. Of two that were made at once, the older one stays: Docker refuses a name that is two networks'. */
  async #settled(signal: AbortSignal): Promise<NetworkAnswer | undefined> {
    const [first, ...doubles] = await this.#own(signal);
    for (const double of doubles) await this.#delete(double, signal);
    return first;
  }

  async #own(signal: AbortSignal): Promise<NetworkAnswer[]> {
    const filters = { label: labelFilter(this.#installation) };
    const found = await this.#list({ filters: JSON.stringify(filters) }, signal);
    return found
      .filter((network) => network.Name === networkName(this.#installation))
      .sort((a, b) => a.Created.localeCompare(b.Created) || a.Id.localeCompare(b.Id));
  }

  #list(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<NetworkAnswer[]> {
    const request = { path: '/networks', query, deadline: this.#deadlines.read, signal };
    return this.#client.ask(request, z.array(NetworkAnswer));
  }

  async #dockerSubnets(signal: AbortSignal): Promise<Subnet[]> {
    return (await this.#list({}, signal)).flatMap(subnetsOf);
  }

  async #delete(network: NetworkAnswer, signal: AbortSignal): Promise<void> {
    const path = `/networks/${network.Id}`;
    await this.#client.tell({
      method: 'DELETE',
      path,
      accept: [404],
      deadline: this.#deadlines.change,
      signal,
    });
  }
}

/** What the machine's own routes lead to; nothing where they can't be read (not Linux). */
async function machineSubnets(): Promise<Subnet[]> {
  return routedSubnets(await readFile('/proc/net/route', 'latin1').catch(() => ''));
}

function subnetsOf(network: NetworkAnswer): Subnet[] {
  return (network.IPAM.Config ?? []).flatMap((config) => parseSubnet(config.Subnet ?? '') ?? []);
}

function rangeOf(network: NetworkAnswer): AddressRange {
  const config = network.IPAM.Config?.[0];
  const subnet = parseSubnet(config?.Subnet ?? '');
  const sound = subnet !== undefined && parseIpv4(config?.Gateway ?? '') === subnet.network + 1;
  if (!sound || network.Options?.[ISOLATION] !== 'false') {
    const message = `the Docker network ${network.Name} is not as berth makes it: remove it, and berth makes it anew`;
    throw new EngineError('refused', message);
  }
  return { first: subnet.network + 2, last: subnet.network + subnetSize(subnet) - 2 };
}

const OVERLAP = /overlaps|conflicts with network|already exists|already allocated/i;

function explainCreate(refusal: Refusal): EngineError {
  return OVERLAP.test(refusal.message)
    ? new EngineError('refused', `berth's network could not be made: ${refusal.message}`, refusal)
    : explainRefusal(refusal);
}

function ignoreOverlap(error: unknown): void {
  const overlaps =
    error instanceof EngineError && error.cause instanceof Refusal && OVERLAP.test(error.cause.message);
  if (!overlaps) throw error;
}
