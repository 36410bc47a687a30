/**
 * Which of Docker's device drivers hands GPUs to a container: `cdi` makes their device files part of what the runtime
 * knows of the container, `nvidia` has the NVIDIA Container Toolkit's hook add them behind its back.
 */
export type DeviceDriver = 'cdi' | 'nvidia';

/** The devices of one container and how it gets them. */
export interface DeviceGrant {
  /** By uuid. */
  readonly gpus: readonly string[];
  /** Any, where there are no GPUs. */
  readonly driver: DeviceDriver;
}

/** A GPU's name in CDI, as `nvidia-ctk cdi generate` names devices by uuid. */
export function cdiName(uuid: string): string {
  return `nvidia.com/gpu=${uuid}`;
}

/** The `DeviceRequests` of `HostConfig`. Named devices, never a count: the engine would choose, and from the first on each time. */
export function deviceRequests({ gpus, driver }: DeviceGrant): object[] {
  if (gpus.length === 0) return [];
  return driver === 'cdi'
    ? [{ Driver: 'cdi', DeviceIDs: gpus.map(cdiName) }]
    : [{ Driver: 'nvidia', DeviceIDs: gpus, Capabilities: [['gpu']] }];
}
