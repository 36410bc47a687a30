import { type GpuSeries, gpuSeries } from './gpu-series.ts';

/** Workstation, Max-Q workstation, server and SFF editions are form factors of one model. */
const RTX_PRO_BLACKWELL = gpuSeries(
  [''],
  /-blackwell/,
  `
  rtx-pro-6000-blackwell rtx-pro-5000-blackwell rtx-pro-4500-blackwell rtx-pro-4000-blackwell rtx-pro-2000-blackwell
  `,
);

const RTX_PRO_BLACKWELL_OTHER = gpuSeries(
  [''],
  /-blackwell/,
  `
  rtx-pro-5000-blackwell-laptop rtx-pro-4000-blackwell-laptop rtx-pro-3000-blackwell-laptop
  rtx-pro-2000-blackwell-laptop rtx-pro-1000-blackwell-laptop rtx-pro-500-blackwell-laptop
  rtx-pro-5000-blackwell-embedded rtx-pro-4000-blackwell-embedded rtx-pro-2000-blackwell-embedded
  rtx-pro-500-blackwell-embedded
  rtx-6000d
  `,
);

const RTX_ADA = gpuSeries(
  [''],
  /^$/,
  `
  rtx-6000-ada rtx-5880-ada rtx-5000-ada rtx-4500-ada rtx-4000-ada rtx-2000-ada
  `,
);

const RTX_ADA_OTHER = gpuSeries(
  [''],
  /^$/,
  `
  rtx-2000e-ada
  rtx-5000-ada-laptop rtx-4000-ada-laptop rtx-3500-ada-laptop rtx-3000-ada-laptop rtx-2000-ada-laptop
  rtx-1000-ada-laptop rtx-500-ada-laptop
  rtx-5000-ada-embedded rtx-3500-ada-embedded rtx-2000-ada-embedded
  `,
);

/** Ampere; the first drivers still said Quadro. */
const RTX_A = gpuSeries(
  ['', 'quadro'],
  /^rtx-/,
  `
  rtx-a6000 rtx-a5500 rtx-a5000 rtx-a4500 rtx-a4000 rtx-a2000 rtx-a1000
  `,
);

const RTX_A_OTHER = gpuSeries(
  ['', 'quadro'],
  /^rtx-/,
  `
  rtx-a4000h rtx-a400
  rtx-a5500-laptop rtx-a5000-laptop rtx-a4500-laptop rtx-a4000-laptop rtx-a3000-laptop rtx-a2000-laptop
  rtx-a1000-laptop rtx-a500-laptop
  rtx-a4500-embedded rtx-a2000-embedded rtx-a1000-embedded rtx-a500-embedded
  `,
);

/** Turing without ray tracing. */
const T = gpuSeries(
  ['', 'quadro'],
  /^quadro-/,
  `
  quadro-t2000 quadro-t2000-laptop t1000 t1000-laptop t1200-laptop t600 t600-laptop t550-laptop t500 t400 t400e
  `,
);

/** Turing back to Kepler. */
const QUADRO = gpuSeries(
  ['', 'quadro'],
  /^quadro-/,
  `
  quadro-rtx-8000 quadro-rtx-6000 quadro-rtx-5000 quadro-rtx-4000 quadro-rtx-3000
  quadro-rtx-5000-laptop quadro-rtx-4000-laptop quadro-rtx-3000-laptop
  quadro-gv100 quadro-gp100
  quadro-p6000 quadro-p5200 quadro-p5200-laptop quadro-p5000 quadro-p4200 quadro-p4200-laptop
  quadro-p4000 quadro-p4000-laptop quadro-p3200 quadro-p3200-laptop quadro-p3000 quadro-p2200
  quadro-p2000 quadro-p2000-laptop quadro-p1000 quadro-p620 quadro-p600 quadro-p520 quadro-p500 quadro-p400
  quadro-m6000 quadro-m5500 quadro-m5000 quadro-m5000m quadro-m5000-se quadro-m4000 quadro-m4000m quadro-m3000m
  quadro-m3000-se quadro-m2200 quadro-m2000 quadro-m2000m quadro-m1200 quadro-m1000m quadro-m620 quadro-m600m
  quadro-m520 quadro-m500m
  quadro-k6000 quadro-k5200 quadro-k5100m quadro-k5000 quadro-k5000m quadro-k4200 quadro-k4100m quadro-k4000
  quadro-k4000m quadro-k3100m quadro-k3000m quadro-k2200 quadro-k2200m quadro-k2100m quadro-k2000 quadro-k2000d
  quadro-k2000m quadro-k1200 quadro-k1100m quadro-k1000m quadro-k620 quadro-k620m quadro-k610m quadro-k600
  quadro-k510m quadro-k500m quadro-k420
  `,
);

const NVS = gpuSeries([''], /^$/, 'nvs-810 nvs-510');

export const CURRENT_WORKSTATION: readonly GpuSeries[] = [RTX_PRO_BLACKWELL, RTX_ADA, RTX_A];
export const OTHER_WORKSTATION: readonly GpuSeries[] = [
  QUADRO,
  RTX_PRO_BLACKWELL_OTHER,
  RTX_ADA_OTHER,
  RTX_A_OTHER,
  T,
  NVS,
];
