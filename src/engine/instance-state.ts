import type { Instance, InstanceState } from '../domain/instance.ts';
import type { ContainerAnswer } from './docker-answers.ts';
import { readInstanceLabels } from './labels.ts';
import { networkName } from './network.ts';

/** What the engine says of a Docker container, as an instance; undefined where it isn't this installation's. */
export function instanceOf(installation: string, container: ContainerAnswer): Instance | undefined {
  const labels = readInstanceLabels(installation, container.Config.Labels);
  if (labels === undefined) return undefined;
  return {
    id: container.Id,
    containerId: labels.containerId,
    revision: labels.revision,
    address: addressOf(installation, container),
    gpus: labels.gpus,
    state: stateOf(container.State),
  };
}

// An instance that isn't running keeps the address that it was made with.
function addressOf(installation: string, container: ContainerAnswer): string | null {
  const endpoint = container.NetworkSettings.Networks?.[networkName(installation)];
  return endpoint?.IPAddress || endpoint?.IPAMConfig?.IPv4Address || null;
}

function stateOf(state: ContainerAnswer['State']): InstanceState {
  switch (state.Status) {
    case 'created':
      return { kind: 'created' };
    case 'running':
    case 'paused':
    case 'restarting':
      return { kind: 'running', startedAt: new Date(state.StartedAt) };
    case 'exited':
      return {
        kind: 'exited',
        exitCode: state.ExitCode,
        outOfMemory: state.OOMKilled,
        finishedAt: new Date(state.FinishedAt),
      };
    default:
      return { kind: 'dead' };
  }
}
