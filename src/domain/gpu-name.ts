import { GPU_SERIES } from './gpu-catalogue.ts';
import type { GpuModel } from './gpu-series.ts';

/**
 * The catalogue's entry for a card, from its name as nvidia-smi says it: "NVIDIA A100-SXM4-80GB", "Tesla T4",
 * "GRID A100D-10C". Null for a card that isn't in the catalogue: nothing is guessed from a part of a name.
 */
export function modelOf(productName: string): GpuModel | null {
  const spelled = productName.replace(/\s+/g, ' ').trim();
  // Some letters beyond ASCII become an ASCII one in lower case: the Kelvin sign, a "k".
  if (!/^[ -~]*$/.test(spelled)) return null;
  const name = spelled.toLowerCase();
  return VGPU_PROFILE.test(name) ? modelOfVgpu(name.replace(VGPU_PROFILE, '')) : modelOfCard(name);
}

/**
 * What follows the card in the name of a vGPU: perhaps the slices of a MIG instance, then memory in GB and series, then
 * what the engines are or how many frames: "-48Q", "-4-20C", "-1-5CME", "-2B4".
 */
const VGPU_PROFILE = /-(?:\d-)?\d{1,3}[abcq](?:\d|[a-z]{2,5})?$/;

/** What says how a card is built in, cooled or sold, or how much memory it has; none of it is a model. */
const BESIDE_THE_POINT = wordsLike([
  String.raw`\d+gb?(?:-(?:ls|h))?|hbm\d+e?|3e`,
  String.raw`sxm\d*|pcie|nvl\d*|hgx|fhhl|dgxs|sff|ac|lc|active|(?<=\d[ -])pg5\d\d-\d{3}`,
  '(?:max-q )?workstation(?: edition)?|server edition|edition|dc',
  'collectors edition|(?:jhh special|ceo) edition|oem|pascal|generation',
  'gpu|nvgpu|developer kit',
]);

/** "with Max-Q Design" is what a laptop's chip was called before "Laptop GPU" was. */
const MAX_Q = wordsLike(['(?:with )?max-q(?: design)?']);

/** Boards of one model whose letters, or whose number, stand in the model's place. */
const BOARDS = boards({
  k20: ['k20c', 'k20m', 'k20s'],
  k20x: ['k20xm'],
  k40: ['k40c', 'k40m', 'k40s', 'k40t', 'k40st'],
  a100: ['pg509 210'],
});

/**
 * The same in the names of vGPUs, where "A100X" is an A100 on SXM4; the model A100X is there "A100D", as every A100 of 80 GB
 * on PCIe. Source: NVIDIA vGPU User Guide, Virtual GPU Types.
 */
const VGPU_BOARDS = boards({
  b300: ['b300x'],
  b200: ['b200x'],
  h200: ['h200x'],
  h100: ['h100l', 'h100xl', 'h100xm', 'h100xs'],
  h800: ['h800l', 'h800xm'],
  h20: ['h20x'],
  a800: ['a800d', 'a800dx', 'a800x'],
  a100: ['a100d', 'a100dx', 'a100x'],
  a30: ['a30x'],
  rtx8000: ['rtx8000p'],
  rtx6000: ['rtx6000p'],
  v100: ['v100d', 'v100dx', 'v100l', 'v100x'],
  p100: ['p100c', 'p100x'],
});

const MODELS: ReadonlyMap<string, GpuModel> = new Map(
  GPU_SERIES.flatMap(({ brands, models }) =>
    models.flatMap((model) => {
      const { words } = parsed(model.name.toLowerCase());
      return brands.map((brand) => [keyOf(brand, words), model] as const);
    }),
  ),
);

function modelOfCard(name: string): GpuModel | null {
  const { brand, words } = parsed(name);
  return MODELS.get(keyOf(brand, BOARDS.get(words) ?? words)) ?? null;
}

/** GRID is the brand of vGPUs, whatever the card's. */
function modelOfVgpu(name: string): GpuModel | null {
  const { brand, words } = parsed(name);
  return MODELS.get(keyOf(brand === 'grid' ? '' : brand, VGPU_BOARDS.get(words) ?? words)) ?? null;
}

/** A name in lower case, as its brand and the words that tell models apart: "tesla-p4" as "tesla" and "p4". */
function parsed(name: string): { readonly brand: string; readonly words: string } {
  const [whole = '', brand = ''] =
    /^(?:nvidia[ -])?(?:(tesla|quadro|geforce|grid|jetson|tegra)[ -])?/.exec(name) ?? [];
  const words = name
    .slice(whole.length)
    .replace(BESIDE_THE_POINT, ' ')
    .replace(MAX_Q, 'laptop')
    .split(/[ ()-]+/)
    .filter((word) => word !== '');
  return { brand, words: joined(words) };
}

/** "3050Ti" and "3050 Ti" are one, "A100" and "A10 0" aren't: a space stays only where two numbers would become one. */
function joined(words: readonly string[]): string {
  return words.join(' ').replace(/(?<!\d) | (?!\d)/g, '');
}

function keyOf(brand: string, words: string): string {
  return `${brand} ${words}`;
}

function wordsLike(patterns: readonly string[]): RegExp {
  return new RegExp(`(?<![a-z0-9])(?:${patterns.join('|')})(?![a-z0-9])`, 'g');
}

function boards(ofModels: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(ofModels).flatMap(([model, names]) => names.map((name) => [name, model] as const)),
  );
}
