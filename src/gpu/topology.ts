/** How near two cards are to each other, by their numbers: 0 (nothing known) and up; more is nearer. */
export type Nearness = (a: number, b: number) => number;

/** How cards are joined (legend of `nvidia-smi topo -m`), the farthest first. SOC is what SYS was called before. */
const PATHS: ReadonlyMap<string, number> = new Map([
  ['SOC', 10],
  ['SYS', 10],
  ['NODE', 20],
  ['PHB', 30],
  ['PXB', 40],
  ['PIX', 50],
  ['PSB', 60],
]);
/** Each link more is nearer. */
const NVLINK = 100;
/** Cards of one NUMA node that are told apart by nothing else: "SYS" for all is common on two sockets. */
const SAME_NODE = 5;
/** The same where every card is linked to every other: it decides between as many links, and never against one more. */
const LINKED_SAME_NODE = 0.5;

interface Row {
  readonly index: number;
  readonly cells: readonly string[];
  /** Its NUMA node. */
  readonly node: string | null;
}

/** Reads `nvidia-smi topo -m`, of which only the cards count. */
export function parseTopology(text: string): Nearness {
  // The header is underlined on a terminal, and by some drivers everywhere.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is the escape character that is looked for
  const lines = text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').split(/\r?\n/);
  const header = lines.findIndex((line) => /^\s*GPU\d+(\s|$)/.test(line));
  const devices = devicesOf(lines[header] ?? '');
  const rows = new Map(
    lines.slice(header + 1).flatMap((line) => {
      const row = rowOf(line, devices.length);
      return row === undefined ? [] : [[row.index, row] as const];
    }),
  );
  return (a, b) => nearness(rows.get(a), rows.get(b), devices.indexOf(`GPU${b}`));
}

/** The columns that are devices; behind them come affinities, whose titles have two words. */
function devicesOf(header: string): string[] {
  const [devices = ''] = header.split(/(?:CPU|NUMA) Affinity/, 1);
  return devices.split(/\s+/).filter((name) => name !== '');
}

function rowOf(line: string, devices: number): Row | undefined {
  const [name = '', ...cells] = line.trim().split(/\s+/);
  const index = /^GPU(\d{1,4})$/.exec(name)?.[1];
  if (index === undefined || cells.length < devices) return undefined;
  // Behind the devices: CPU affinity, NUMA affinity.
  const node = cells[devices + 1];
  return { index: Number(index), cells, node: node !== undefined && /^\d+$/.test(node) ? node : null };
}

function nearness(a: Row | undefined, b: Row | undefined, column: number): number {
  const path = a?.cells[column] ?? '';
  const links = /^NV(\d{1,3})$/.exec(path)?.[1];
  const sameNode = a?.node != null && a.node === b?.node;
  if (links !== undefined) return NVLINK + Number(links) + (sameNode ? LINKED_SAME_NODE : 0);
  return (PATHS.get(path) ?? 0) + (sameNode ? SAME_NODE : 0);
}
