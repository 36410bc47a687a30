import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/engine/refusal.ts';
import { explainStart } from '../../src/engine/start-refusal.ts';

/** Docker 20.10 with runc 1.1. */
const old = (said: string) =>
  `OCI runtime create failed: container_linux.go:380: starting container process caused: process_linux.go:545: container init caused: Running hook #1:: error running hook: exit status 1, stdout: , stderr: ${said}: unknown`;
/** Docker 28 with runc 1.3. */
const recent = (said: string) =>
  `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\n${said}: unknown`;

const explained = (message: string) => {
  const { kind, message: reason } = explainStart(new Refusal(500, message));
  return `${kind}: ${reason}`;
};

describe('a start that fails for its GPUs', () => {
  test.for([
    [
      'could not select device driver "nvidia" with capabilities: [[gpu]]',
      /^no-gpu-access: .*nvidia-container-toolkit/,
    ],
    ['could not select device driver "" with capabilities: [[gpu]]', /^no-gpu-access: /],
    ['could not select device driver "cdi" with capabilities: []', /^refused: .*CDI name/],
    [
      'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=GPU-1, nvidia.com/gpu=GPU-2',
      /^refused: .*CDI name/,
    ],
    [
      'failed to create task: CDI device injection failed: failed to stat CDI host device "/dev/nvidia0": no such file or directory',
      /^refused: the container engine could not add the GPU: no such file/,
    ],
  ] as const)('for want of a way to hand them out: %s', ([message, expected]) => {
    expect(explained(message)).toMatch(expected);
  });

  test.for([
    [
      'nvidia-container-cli: device error: GPU-1: unknown device',
      /^refused: .*does not know the GPU any more/,
    ],
    ['nvidia-container-cli: initialization error: nvml error: driver not loaded', /^refused: .*not loaded/],
    [
      'nvidia-container-cli: initialization error: nvml error: driver/library version mismatch',
      /^refused: .*reboot the machine/,
    ],
    [
      'nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory',
      /^refused: .*not installed/,
    ],
    [
      'nvidia-container-cli: initialization error: driver error: failed to process request',
      /^refused: .*does not work/,
    ],
    [
      'nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.4, please update your driver to a newer version, or use an earlier cuda container',
      /^cannot-start: .*it needs cuda>=12\.4$/,
    ],
    [
      'exec command: [/usr/bin/nvidia-container-cli --device=GPU-1 --require=cuda>=10.0]\nnvidia-container-cli: requirement error: unsatisfied condition: brand = tesla',
      /^cannot-start: .*it needs brand = tesla$/,
    ],
    [
      "unsupported capabilities found in 'everything' (allowed '')",
      /^cannot-start: NVIDIA_DRIVER_CAPABILITIES/,
    ],
    [
      'insufficient privileges to read device list from NVIDIA_VISIBLE_DEVICES envvar',
      /^no-gpu-access: .*accept-nvidia-visible-devices-envvar-when-unprivileged/,
    ],
    [
      'invoking the NVIDIA Container Runtime Hook directly (e.g. specifying the docker --gpus flag) is not supported. Please use the NVIDIA Container Runtime (e.g. specify the --runtime=nvidia flag) instead',
      /^no-gpu-access: .*mode = "auto"/,
    ],
    [
      'nvidia-container-cli: mount error: file creation failed: /var/lib/docker/overlay2/0a/merged/usr/bin/nvidia-smi: file exists',
      /^refused: the NVIDIA Container Toolkit could not add the GPU: mount error: file creation failed: …: file exists$/,
    ],
  ] as const)("by the toolkit's word: %s", ([said, expected]) => {
    expect(explained(old(said))).toMatch(expected);
    expect(explained(recent(said))).toMatch(expected);
  });

  test.for([
    ['exec: "nvidia-container-cli": executable file not found in $PATH', /^cannot-start: the command/],
    [old('level=fatal msg="failed to set the network namespace"'), /^refused: the container engine refused/],
  ] as const)('is told from one that fails for another reason: %s', ([message, expected]) => {
    expect(explained(message)).toMatch(expected);
  });
});
