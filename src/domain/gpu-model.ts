/** A kind of GPU that a container may wish for. */
export interface GpuModel {
  /** Short, unique, lower case: "a100", "4090". */
  readonly code: string;
  /** "Nvidia a100", "Nvidia rtx-4090". */
  readonly name: string;
}

/** The documented models, in the document's order. */
const DOCUMENTED = [
  ['h100', 'h100'],
  ['a100', 'a100'],
  ['a40', 'a40'],
  ['a16', 'a16'],
  ['t4', 't4'],
  ['v100', 'v100'],
  ['p4', 'tesla-p4'],
  ['p100', 'tesla-p100'],
  ['k80', 'tesla-k80'],
  ['3050', 'rtx-3050'],
  ['3060', 'rtx-3060'],
  ['3060ti', 'rtx-3060-ti'],
  ['3070', 'rtx-3070'],
  ['3070ti', 'rtx-3070-ti'],
  ['3080', 'rtx-3080'],
  ['3080ti', 'rtx-3080-ti'],
  ['3090', 'rtx-3090'],
  ['3090ti', 'rtx-3090-ti'],
  ['1050', 'gtx-1050'],
  ['1050ti', 'gtx-1050-ti'],
  ['1060', 'gtx-1060'],
  ['1070', 'gtx-1070'],
  ['1070ti', 'gtx-1070-ti'],
  ['1080', 'gtx-1080'],
  ['1080ti', 'gtx-1080-ti'],
] as const;

const DATA_CENTRE = [
  ...[
    'gb300',
    'b300',
    'gb200',
    'b200',
    'b100',
    'gh200',
    'h200',
    'h800',
    'h20',
    'l40s',
    'l40',
    'l20',
    'l4',
    'l2',
  ],
  ...['a800', 'a30', 'a10', 'a10g', 'a2'],
].map((code) => [code, code] as const);

const WORKSTATION = [
  ['rtxpro6000', 'rtx-pro-6000-blackwell'],
  ['rtxpro5000', 'rtx-pro-5000-blackwell'],
  ['rtxpro4500', 'rtx-pro-4500-blackwell'],
  ['rtxpro4000', 'rtx-pro-4000-blackwell'],
  ['rtxpro2000', 'rtx-pro-2000-blackwell'],
  ['rtx6000ada', 'rtx-6000-ada'],
  ['rtx5880ada', 'rtx-5880-ada'],
  ['rtx5000ada', 'rtx-5000-ada'],
  ['rtx4500ada', 'rtx-4500-ada'],
  ['rtx4000ada', 'rtx-4000-ada'],
  ['rtx2000ada', 'rtx-2000-ada'],
  ['a6000', 'rtx-a6000'],
  ['a5500', 'rtx-a5500'],
  ['a5000', 'rtx-a5000'],
  ['a4500', 'rtx-a4500'],
  ['a4000', 'rtx-a4000'],
  ['a2000', 'rtx-a2000'],
  ['a1000', 'rtx-a1000'],
  ['a400', 'rtx-a400'],
  ['rtx8000', 'quadro-rtx-8000'],
  ['rtx6000', 'quadro-rtx-6000'],
  ['rtx5000', 'quadro-rtx-5000'],
  ['rtx4000', 'quadro-rtx-4000'],
  ['titanrtx', 'titan-rtx'],
  ['titanv', 'titan-v'],
] as const;

const GEFORCE = [
  ['5050', 'rtx-5050'],
  ['5060', 'rtx-5060'],
  ['5060ti', 'rtx-5060-ti'],
  ['5070', 'rtx-5070'],
  ['5070ti', 'rtx-5070-ti'],
  ['5080', 'rtx-5080'],
  ['5090', 'rtx-5090'],
  ['5090d', 'rtx-5090-d'],
  ['4060', 'rtx-4060'],
  ['4060ti', 'rtx-4060-ti'],
  ['4070', 'rtx-4070'],
  ['4070super', 'rtx-4070-super'],
  ['4070ti', 'rtx-4070-ti'],
  ['4070tisuper', 'rtx-4070-ti-super'],
  ['4080', 'rtx-4080'],
  ['4080super', 'rtx-4080-super'],
  ['4090', 'rtx-4090'],
  ['4090d', 'rtx-4090-d'],
  ['2060', 'rtx-2060'],
  ['2060super', 'rtx-2060-super'],
  ['2070', 'rtx-2070'],
  ['2070super', 'rtx-2070-super'],
  ['2080', 'rtx-2080'],
  ['2080super', 'rtx-2080-super'],
  ['2080ti', 'rtx-2080-ti'],
  ['1650', 'gtx-1650'],
  ['1650super', 'gtx-1650-super'],
  ['1660', 'gtx-1660'],
  ['1660super', 'gtx-1660-super'],
  ['1660ti', 'gtx-1660-ti'],
] as const;

/**
 * Every model that a container may wish for: the documented ones in the document's order, then what came later.
 * No more than 100, so that one page of the list, as the document's client asks for it, holds them all.
 */
export const GPU_MODELS: readonly GpuModel[] = [
  ...DOCUMENTED,
  ...DATA_CENTRE,
  ['p40', 'tesla-p40'] as const,
  ...WORKSTATION,
  ...GEFORCE,
].map(([code, name]) => ({ code, name: `Nvidia ${name}` }));

const BY_WORD: ReadonlyMap<string, GpuModel> = new Map(
  GPU_MODELS.flatMap((model) => [[model.code, model] as const, [model.name.toLowerCase(), model] as const]),
);

/** The model that a code or a name in any case stands for. */
export function findGpuModel(word: string): GpuModel | undefined {
  return BY_WORD.get(word.toLowerCase());
}
