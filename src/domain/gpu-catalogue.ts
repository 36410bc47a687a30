import { CURRENT_DATA_CENTRE, DOCUMENTED_DATA_CENTRE, OTHER_DATA_CENTRE } from './gpu-data-centre.ts';
import { CURRENT_GEFORCE, DOCUMENTED_GEFORCE, OTHER_GEFORCE } from './gpu-geforce.ts';
import type { GpuSeries } from './gpu-series.ts';
import { CURRENT_WORKSTATION, OTHER_WORKSTATION } from './gpu-workstation.ts';

/**
 * Every model that a container may wish for: the documented ones in the document's order, then what people mostly have
 * (these fill the first page of the list, which has a hundred), then the rest.
 */
export const GPU_SERIES: readonly GpuSeries[] = [
  DOCUMENTED_DATA_CENTRE,
  DOCUMENTED_GEFORCE,
  ...CURRENT_DATA_CENTRE,
  ...CURRENT_GEFORCE,
  ...CURRENT_WORKSTATION,
  ...OTHER_GEFORCE,
  ...OTHER_WORKSTATION,
  ...OTHER_DATA_CENTRE,
];
