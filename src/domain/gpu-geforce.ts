import { type GpuBrand, type GpuSeries, gpuSeries } from './gpu-series.ts';

const BRANDS: readonly GpuBrand[] = ['', 'geforce'];
const COMMON = /^(rtx|gtx|gt|geforce)-/;

/** The documented GeForce cards, in the document's order. */
export const DOCUMENTED_GEFORCE: GpuSeries = gpuSeries(
  BRANDS,
  COMMON,
  `
  rtx-3050 rtx-3060 rtx-3060-ti rtx-3070 rtx-3070-ti rtx-3080 rtx-3080-ti rtx-3090 rtx-3090-ti
  gtx-1050 gtx-1050-ti gtx-1060 gtx-1070 gtx-1070-ti gtx-1080 gtx-1080-ti
  `,
);

/** The desktop cards with ray tracing, without the documented ones. */
const RTX = gpuSeries(
  BRANDS,
  COMMON,
  `
  rtx-5090 rtx-5090-d rtx-5090-d-v2 rtx-5080 rtx-5070-ti rtx-5070 rtx-5060-ti rtx-5060 rtx-5050
  rtx-4090 rtx-4090-d rtx-4080-super rtx-4080 rtx-4070-ti-super rtx-4070-ti rtx-4070-super rtx-4070
  rtx-4060-ti rtx-4060
  rtx-2080-ti rtx-2080-super rtx-2080 rtx-2070-super rtx-2070 rtx-2060-super rtx-2060 rtx-2050
  `,
);

/** What the driver calls "Laptop GPU" or, up to 20, "with Max-Q Design" is a slower chip: a model of its own, "-laptop". */
const RTX_LAPTOP = gpuSeries(
  BRANDS,
  COMMON,
  `
  rtx-5090-laptop rtx-5080-laptop rtx-5070-ti-laptop rtx-5070-laptop rtx-5060-laptop rtx-5050-laptop
  rtx-4090-laptop rtx-4080-laptop rtx-4070-laptop rtx-4060-laptop rtx-4050-laptop
  rtx-3080-ti-laptop rtx-3080-laptop rtx-3070-ti-laptop rtx-3070-laptop rtx-3060-laptop
  rtx-3050-ti-laptop rtx-3050-laptop rtx-3050-a-laptop
  rtx-2080-super-laptop rtx-2080-laptop rtx-2070-super-laptop rtx-2070-laptop rtx-2060-laptop
  `,
);

const GTX = gpuSeries(
  BRANDS,
  COMMON,
  `
  gtx-1660-ti gtx-1660-super gtx-1660 gtx-1650-ti gtx-1650-super gtx-1650 gtx-1630
  gtx-1660-ti-laptop gtx-1650-ti-laptop gtx-1650-laptop
  gtx-1080-laptop gtx-1070-laptop gtx-1060-laptop gtx-1050-ti-laptop gtx-1050-laptop
  gtx-980-ti gtx-980 gtx-970 gtx-960 gtx-950 gtx-980m gtx-970m gtx-965m gtx-960m gtx-950m
  gtx-880m gtx-870m gtx-860m gtx-850m
  gtx-780-ti gtx-780 gtx-770 gtx-760-ti gtx-760 gtx-750-ti gtx-750 gtx-745
  gtx-690 gtx-680 gtx-670 gtx-660-ti gtx-660 gtx-650-ti-boost gtx-650-ti gtx-650 gtx-645
  `,
);

const SMALL = gpuSeries(
  BRANDS,
  COMMON,
  `
  gt-1030 gt-1010 gt-740 gt-730 gt-720 gt-710 gt-705 gt-640 gt-635 gt-630
  mx570 mx570-a mx550 mx450 mx350 mx330 mx250 mx230 mx150 mx130 mx110
  geforce-945m geforce-940mx geforce-940m geforce-930mx geforce-930m geforce-920mx geforce-920m geforce-910m
  `,
);

/** Two cards were called Titan X: that of Maxwell is a "GeForce GTX TITAN X", that of Pascal a "TITAN X (Pascal)". */
const TITAN = gpuSeries(
  BRANDS,
  /^$/,
  'titan-rtx titan-v titan-xp titan-x gtx-titan-x gtx-titan-z gtx-titan-black gtx-titan',
);

export const CURRENT_GEFORCE: readonly GpuSeries[] = [RTX];
export const OTHER_GEFORCE: readonly GpuSeries[] = [RTX_LAPTOP, TITAN, GTX, SMALL];
