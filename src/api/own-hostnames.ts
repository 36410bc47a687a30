import { type FieldError, fieldsRefused } from '../domain/errors.ts';
import { generatedHostname } from '../domain/hostname.ts';
import type { ContainerStore } from '../store/containers.ts';

/**
 * Throws `conflict` where a wanted host name ends in the 8 characters of another container: berth gives that one such a
 * name whenever its owner renames it. Other names of this form are free (`my-frontend.localhost`, say), and stay so: the
 * characters of a container to come are random. `id` is the container that wants them.
 */
export async function refuseNamesOfOthers(
  hostnames: readonly string[],
  id: string,
  domain: string,
  containers: ContainerStore,
): Promise<void> {
  if (!hostnames.some((hostname) => endingOf(hostname, domain) !== undefined)) return;
  const ids = await containers.ids();
  const taken = new Set(ids.filter((other) => other !== id).map((other) => endingOfContainer(other, domain)));
  const faults = hostnames.flatMap((hostname, index): FieldError[] => {
    const ending = endingOf(hostname, domain);
    if (ending === undefined || !taken.has(ending)) return [];
    const message = `"${hostname}" is for berth to give to another container, whose 8 characters it ends in: choose another name`;
    return [{ path: `hostnames.${index}`, message }];
  });
  if (faults.length > 0) throw fieldsRefused('conflict', faults);
}

/** The last 8 characters of the label before the domain, where a hyphen stands before them; undefined for other names. */
function endingOf(hostname: string, domain: string): string | undefined {
  if (!hostname.endsWith(`.${domain}`)) return undefined;
  const label = hostname.slice(0, -domain.length - 1);
  return /^[^.]+-([a-z2-7]{8})$/.exec(label)?.[1];
}

function endingOfContainer(id: string, domain: string): string | undefined {
  return endingOf(generatedHostname('a', id, domain), domain);
}
