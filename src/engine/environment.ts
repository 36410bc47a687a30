import type { DeviceGrant } from './device-requests.ts';
import type { InstanceSpec } from './engine.ts';

const VISIBLE = 'NVIDIA_VISIBLE_DEVICES';
const CAPABILITIES = 'NVIDIA_DRIVER_CAPABILITIES';

/**
 * By which else the NVIDIA Container Toolkit lets an image or a user add devices. Where its `swarm-resource` is set, that
 * variable even takes the place of NVIDIA_VISIBLE_DEVICES; its name is Docker Swarm's, DOCKER_RESOURCE_….
 */
const WIDENING =
  /^(NVIDIA_(MIG_CONFIG_DEVICES|MIG_MONITOR_DEVICES|IMEX_CHANNELS|GDS|MOFED|NVSWITCH|GDRCOPY)|DOCKER_RESOURCE_.*)$/;

/**
 * A container's environment as Docker takes it: `NAME=value` sets, a bare `NAME` takes the image's away. What the user and
 * the image (whose environment is `imageEnv`) say decides everything but the devices: those are the granted ones alone.
 */
export function containerEnvironment(
  spec: InstanceSpec,
  grant: DeviceGrant,
  imageEnv: readonly string[],
): string[] {
  // PORT as on Cloud Run, unless the user set it.
  const wished = Object.entries({ PORT: String(spec.port), ...spec.env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const names = [...wished, ...imageEnv].map(nameOf);
  return [
    ...wished.filter((entry) => !isOurs(nameOf(entry))),
    ...new Set(names.filter((name) => WIDENING.test(name))),
    // Docker's nvidia driver adds the same once more at the end: whether the first or the last counts, it is this.
    `${VISIBLE}=${visibleDevices(grant)}`,
    ...(grant.gpus.length > 0 && !names.includes(CAPABILITIES) ? [`${CAPABILITIES}=compute,utility`] : []),
  ];
}

// With CDI the toolkit has nothing more to add, where it is the engine's default runtime.
function visibleDevices({ gpus, driver }: DeviceGrant): string {
  return gpus.length === 0 || driver === 'cdi' ? 'void' : gpus.join(',');
}

function isOurs(name: string): boolean {
  return name === VISIBLE || WIDENING.test(name);
}

function nameOf(entry: string): string {
  return entry.split('=', 1)[0] ?? '';
}
