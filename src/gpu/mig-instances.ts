import { cleanText } from './clean-text.ts';

const GIB = 1024 ** 3;

/** One MIG instance of a card. */
export interface MigInstance {
  /** "MIG-…"; from drivers before 470 "MIG-GPU-…/1/0". */
  readonly uuid: string;
  /** "1g.5gb", "1c.3g.20gb", "1g.10gb+me". */
  readonly profile: string;
  /** As its profile says; null where it doesn't. */
  readonly memoryBytes: number | null;
}

/** Reads `nvidia-smi -L`: the MIG instances of each card, by the card's uuid, in the driver's order. */
export function parseMigInstances(text: string): ReadonlyMap<string, readonly MigInstance[]> {
  const byCard = new Map<string, MigInstance[]>();
  const seen = new Set<string>();
  let card: MigInstance[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    const uuid = /^GPU \d+: .*\(UUID: ([0-9A-Za-z_-]{1,128})\)\s*$/.exec(line)?.[1];
    if (uuid !== undefined) {
      card = byCard.get(uuid) ?? [];
      byCard.set(uuid, card);
      continue;
    }
    const instance = migInstance(line);
    if (instance === undefined || card === undefined || seen.has(instance.uuid)) continue;
    seen.add(instance.uuid);
    card.push(instance);
  }
  return byCard;
}

function migInstance(line: string): MigInstance | undefined {
  const pattern = /^\s+MIG (\S{1,40})\s+Device\s+\d+:\s+\(UUID: (MIG-[0-9A-Za-z][0-9A-Za-z/_-]{0,120})\)\s*$/;
  const [, profile, uuid] = pattern.exec(line) ?? [];
  if (profile === undefined || uuid === undefined) return undefined;
  const gigabytes = /(?:^|\.)(\d{1,4})gb(?![a-z])/i.exec(profile)?.[1];
  return {
    uuid,
    profile: cleanText(profile, 40),
    memoryBytes: gigabytes === undefined ? null : Number(gigabytes) * GIB,
  };
}
