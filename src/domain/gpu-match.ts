import type { Gpu, GpuNeed } from './gpu.ts';
import { findGpuModel, type GpuModel } from './gpu-model.ts';

/** Whether a machine could ever give what is asked for, and where not, why. */
export type GpuFit =
  | { readonly kind: 'ok' }
  | { readonly kind: 'no-gpus' }
  /** It has GPUs, and none that was wished for. */
  | { readonly kind: 'no-such-model' }
  /** `most` is the largest number of one model that would do. */
  | { readonly kind: 'too-many'; readonly most: readonly [Gpu, ...Gpu[]] }
  /** `largestBytes` is the most that as many as were asked for have each; null where the driver doesn't say. */
  | { readonly kind: 'too-much-memory'; readonly largestBytes: number | null };

/**
 * The devices of a machine that would do, in groups; a container's devices are all of one group, whose devices are all of one
 * model, and MIG instances of one profile. A group may have fewer than are needed. What is best comes first: in the order
 * of the wishes, or without any by ascending memory. It is about what the machine has, so that a lost device counts.
 */
export function suitableGpus(gpus: readonly Gpu[], need: GpuNeed): readonly (readonly Gpu[])[] {
  const { memoryBytes } = need;
  const enough = ({ memoryBytes: has }: Gpu) => memoryBytes === null || (has !== null && has >= memoryBytes);
  if (need.wishes === null) return smallestFirst(gpus.filter(enough));
  const wished = need.wishes.map((word) => wishedBy(word, gpus).filter(enough));
  return groupsByWish(wished, gpus);
}

/** Whether the machine has what is asked for, whoever holds it now. */
export function fits(gpus: readonly Gpu[], need: GpuNeed): GpuFit {
  if (gpus.length === 0) return { kind: 'no-gpus' };
  const groups = suitableGpus(gpus, { ...need, memoryBytes: null });
  const [first, ...rest] = groups.toSorted((a, b) => b.length - a.length)[0] ?? [];
  if (first === undefined) return { kind: 'no-such-model' };
  if (rest.length + 1 < need.count) return { kind: 'too-many', most: [first, ...rest] };
  if (suitableGpus(gpus, need).some((group) => group.length >= need.count)) return { kind: 'ok' };
  return { kind: 'too-much-memory', largestBytes: largestMemory(groups, need.count) };
}

/** Whether a word can be a wish at all: a code or name of the catalogue, or the name of a card in this machine. */
export function isGpuWord(word: string, gpus: readonly Gpu[]): boolean {
  return gpuModelOf(word) !== undefined || wishedBy(word, gpus).length > 0;
}

/** The model that a wish stands for; undefined where it can only be a card's own name. */
export function gpuModelOf(word: string): GpuModel | undefined {
  // In lower case the Kelvin sign would be a "k".
  return isAscii(word) ? findGpuModel(word) : undefined;
}

/** The devices in groups of one model, MIG instances apart from whole cards and those of each profile apart from others. */
export function groupsOfModels(gpus: readonly Gpu[]): Gpu[][] {
  return [...Map.groupBy(gpus, groupOf).values()];
}

/** In the order of the wishes; then, where several wishes stand for devices of one model, all of these together. */
function groupsByWish(wished: readonly (readonly Gpu[])[], gpus: readonly Gpu[]): Gpu[][] {
  const any = new Set(wished.flat());
  const groups = [...wished.flatMap(smallestFirst), ...groupsOfModels(gpus.filter((gpu) => any.has(gpu)))];
  return [...new Map(groups.map((group) => [idOf(group), group])).values()];
}

/** What a word stands for: whole cards where the machine has such, else MIG instances; these also by their own name. */
function wishedBy(word: string, gpus: readonly Gpu[]): readonly Gpu[] {
  const code = gpuModelOf(word)?.code;
  const ofModel = code === undefined ? [] : gpus.filter(({ model }) => model?.code === code);
  const found = ofModel.length > 0 ? ofModel : gpus.filter((gpu) => sameWord(cardName(gpu), word));
  const cards = found.filter(({ kind }) => kind === 'card');
  if (cards.length > 0) return cards;
  return found.length > 0 ? found : gpus.filter(({ name }) => sameWord(name, word));
}

/** Of a MIG instance the name of its card. */
function cardName({ kind, name }: Gpu): string {
  return kind === 'mig' ? name.replace(/ MIG .*$/, '') : name;
}

/** The groups of one wish: whoever named no profile gets the least of them. */
function smallestFirst(gpus: readonly Gpu[]): Gpu[][] {
  return groupsOfModels(gpus).toSorted((a, b) => leastMemory(a) - leastMemory(b));
}

function groupOf({ kind, model, name }: Gpu): string {
  return model === null || kind === 'mig' ? `${kind} named ${name.toLowerCase()}` : `${kind} ${model.code}`;
}

function idOf(group: readonly Gpu[]): string {
  return group.map(({ uuid }) => uuid).join(' ');
}

function leastMemory(group: readonly Gpu[]): number {
  return Math.min(...group.map(({ memoryBytes }) => memoryBytes ?? Number.MAX_SAFE_INTEGER));
}

function largestMemory(groups: readonly (readonly Gpu[])[], count: number): number | null {
  const reached = groups.map((group) => {
    const known = group.map(({ memoryBytes }) => memoryBytes).filter((bytes) => bytes !== null);
    return known.toSorted((a, b) => b - a)[count - 1] ?? null;
  });
  const known = reached.filter((bytes) => bytes !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function sameWord(name: string, word: string): boolean {
  return name === word || (isAscii(word) && name.toLowerCase() === word.toLowerCase());
}

function isAscii(word: string): boolean {
  return /^[ -~]*$/.test(word);
}
