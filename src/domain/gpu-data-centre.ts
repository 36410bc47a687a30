import { type GpuSeries, gpuSeries } from './gpu-series.ts';

/** The documented data-centre cards, in the document's order. */
export const DOCUMENTED_DATA_CENTRE: GpuSeries = gpuSeries(
  ['', 'tesla'],
  /^tesla-/,
  'h100 a100 a40 a16 t4 v100 tesla-p4 tesla-p100 tesla-k80',
);

/** From Volta on, newest first, without the documented ones. */
const DATA_CENTRE = gpuSeries(
  ['', 'tesla'],
  /^$/,
  `
  gb300 b300 gb200 b200 b100 gh200 h200 h800 h20
  l40s l40g l40 l20 l4 l2
  a800 ax800 a100x a30x a30 a10m a10g a10 a2
  t40 t10 t4g v100s
  `,
);

/** Up to Pascal: they are called Tesla, as the documented ones are. */
const TESLA = gpuSeries(
  ['', 'tesla'],
  /^tesla-/,
  `
  tesla-p40 tesla-p6
  tesla-m60 tesla-m40 tesla-m10 tesla-m6 tesla-m4
  tesla-k40 tesla-k20x tesla-k20 tesla-k10 tesla-k8
  `,
);

/** Kepler cards that are called GRID without being a vGPU. */
const GRID = gpuSeries(['grid'], /^grid-/, 'grid-k520 grid-k340 grid-k2 grid-k1');

/** Cards made for mining. */
const MINING = gpuSeries(
  [''],
  /^$/,
  'cmp-170hx cmp-90hx cmp-70hx cmp-50hx cmp-40hx cmp-30hx p106-100 p106-090 p104-101 p104-100',
);

/** The desktop machine whose processor and GPU share their memory. */
const DESKTOP = gpuSeries([''], /^$/, 'gb10');

/** Modules, which share it too; most drivers say only the chip. */
const JETSON = gpuSeries(
  ['', 'jetson', 'tegra'],
  /^jetson-/,
  `
  jetson-agx-thor jetson-thor
  jetson-agx-orin jetson-orin-nx jetson-orin-nano jetson-orin
  jetson-agx-xavier jetson-xavier-nx jetson-xavier
  `,
);

export const CURRENT_DATA_CENTRE: readonly GpuSeries[] = [DATA_CENTRE, DESKTOP];
export const OTHER_DATA_CENTRE: readonly GpuSeries[] = [JETSON, TESLA, GRID, MINING];
