import type { InstanceSpec } from './engine.ts';

/** Which installation of berth a Docker container, network or volume belongs to. */
export const INSTALLATION = 'berth.installation';
const CONTAINER = 'berth.container';
const REVISION = 'berth.revision';
const INSTANCE = 'berth.instance';
/** The GPUs of an instance, by uuid, with commas between. */
export const GPUS = 'berth.gpus';
/** Whose volume it is. */
const OWNER = 'berth.owner';

type Labels = Readonly<Record<string, string>> | null | undefined;

/** What an instance's labels say. */
export interface InstanceLabels {
  readonly containerId: string;
  readonly revision: number;
  readonly instance: string;
  readonly gpus: readonly string[];
}

/** The labels of an instance, from which a later daemon knows it again. */
export function instanceLabels(installation: string, spec: InstanceSpec): Record<string, string> {
  return {
    [INSTALLATION]: installation,
    [CONTAINER]: spec.containerId,
    [REVISION]: String(spec.revision),
    [INSTANCE]: spec.instance,
    ...(spec.gpus.length > 0 ? { [GPUS]: spec.gpus.join(',') } : {}),
  };
}

/** The labels of one user's volume. */
export function volumeLabels(installation: string, owner: string): Record<string, string> {
  return { [INSTALLATION]: installation, [OWNER]: owner };
}

/** Reads an instance's labels; undefined where it is not an instance of this installation. */
export function readInstanceLabels(installation: string, labels: Labels): InstanceLabels | undefined {
  const containerId = labels?.[CONTAINER];
  const revision = Number(labels?.[REVISION]);
  if (labels?.[INSTALLATION] !== installation || containerId === undefined) return undefined;
  if (!Number.isSafeInteger(revision)) return undefined;
  const gpus = labels[GPUS]?.split(',') ?? [];
  return { containerId, revision, instance: labels[INSTANCE] ?? '', gpus };
}

/** The API's `filters` for this installation's things, or one container's instances. */
export function labelFilter(installation: string, containerId: string | null = null): string[] {
  const mine = `${INSTALLATION}=${installation}`;
  return containerId === null ? [mine] : [mine, `${CONTAINER}=${containerId}`];
}
