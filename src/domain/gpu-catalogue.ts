import { DATA_CENTRE_LINES, DOCUMENTED_DATA_CENTRE } from './gpu-data-centre.ts';
import { DOCUMENTED_GEFORCE, GEFORCE_LINES } from './gpu-geforce.ts';
import type { GpuLine } from './gpu-line.ts';
import { WORKSTATION_LINES } from './gpu-workstation.ts';

/** Every model that a container may wish for: the documented ones in the document's order, then the others. */
export const GPU_LINES: readonly GpuLine[] = [
  DOCUMENTED_DATA_CENTRE,
  DOCUMENTED_GEFORCE,
  ...DATA_CENTRE_LINES,
  ...WORKSTATION_LINES,
  ...GEFORCE_LINES,
];
