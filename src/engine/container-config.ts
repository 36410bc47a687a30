import { createHash } from 'node:crypto';
import type { VolumeMount } from '../domain/container-spec.ts';
import { type DeviceGrant, deviceRequests } from './device-requests.ts';
import type { InstanceSpec } from './engine.ts';
import { containerEnvironment } from './environment.ts';
import { engineName } from './image-name.ts';
import { formatIpv4 } from './ipv4.ts';
import { instanceLabels, volumeLabels } from './labels.ts';
import { networkName } from './network.ts';

const MAX_PROCESSES = 4096;
/** The kernel gives no less CPU time than a hundredth of a core. */
const MIN_NANO_CPUS = 10_000_000;

/**
 * What a process of a container may do as its root: what an entrypoint needs that binds port 80, takes over its files
 * and drops to another user. Of Docker's default set are missing NET_RAW, MKNOD, AUDIT_WRITE, SETFCAP, SETPCAP and SYS_CHROOT.
 */
const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETGID',
  'SETUID',
];

/** What makes one Docker container: its name, and the body of `POST /containers/create`. */
export interface ContainerConfig {
  readonly name: string;
  readonly body: object;
}

/** What of an instance the engine itself decides. */
export interface EngineChoices {
  /** Whether the storage driver is asked to hold its disk's limit. */
  readonly limitStorage: boolean;
  readonly devices: DeviceGrant;
  /** The image's environment. */
  readonly imageEnv: readonly string[];
}

/** The Docker container for an instance. */
export function containerConfig(
  installation: string,
  spec: InstanceSpec,
  choices: EngineChoices,
): ContainerConfig {
  const network = networkName(installation);
  const body = {
    Image: engineName(spec.image),
    ...program(spec),
    Env: containerEnvironment(spec, choices.devices, choices.imageEnv),
    Labels: instanceLabels(installation, spec),
    ExposedPorts: { [`${spec.port}/tcp`]: {} },
    // berth has its own readiness; the image's check would only run beside it, as under Kubernetes it doesn't.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...limits(spec, choices.limitStorage),
      ...isolation(),
      ...volumes(installation, spec),
      DeviceRequests: deviceRequests(choices.devices),
      NetworkMode: network,
    },
    NetworkingConfig: {
      EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: formatIpv4(spec.address) } } },
    },
  };
  const name = `berth-${spec.name}-${spec.containerId.slice(0, 8)}-r${spec.revision}-${spec.instance}`;
  return { name, body };
}

// Kubernetes' meaning: a command replaces the entrypoint and with it the image's cmd; arguments replace the cmd alone.
function program(spec: InstanceSpec): object {
  const command = spec.command ?? [];
  const args = spec.arguments ?? [];
  return {
    ...(command.length > 0 ? { Entrypoint: command } : {}),
    ...(args.length > 0 ? { Cmd: args } : {}),
  };
}

function limits(spec: InstanceSpec, limitStorage: boolean): object {
  return {
    NanoCpus: Math.max(MIN_NANO_CPUS, Math.round(spec.cpu * 1e9)),
    Memory: spec.ramBytes,
    // Memory and swap together: none is swapped.
    MemorySwap: spec.ramBytes,
    ShmSize: spec.shmBytes,
    PidsLimit: MAX_PROCESSES,
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    ...(limitStorage ? { StorageOpt: { size: String(spec.ephemeralStorageBytes) } } : {}),
  };
}

function isolation(): object {
  return {
    Privileged: false,
    SecurityOpt: ['no-new-privileges'],
    CapDrop: ['ALL'],
    CapAdd: CAPABILITIES,
    IpcMode: 'private',
    // berth starts again what ends; the engine by itself would bring back what berth no longer wants.
    RestartPolicy: { Name: 'no' },
  };
}

function volumes(installation: string, spec: InstanceSpec): object {
  return { Mounts: spec.volumes.map((volume) => mount(installation, spec.createdBy, volume)) };
}

function mount(installation: string, owner: string, volume: VolumeMount): object {
  return {
    Type: 'volume',
    Source: volumeName(installation, owner, volume.name),
    Target: volume.path,
    VolumeOptions: { Labels: volumeLabels(installation, owner) },
  };
}

/** The Docker volume of a user's: two users' "data" are two volumes, and so are those of two berths on one engine. */
function volumeName(installation: string, owner: string, name: string): string {
  const user = createHash('sha256').update(`${installation}\0${owner}`).digest('hex').slice(0, 12);
  return `berth-${user}-${name}`;
}
