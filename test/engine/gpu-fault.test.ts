import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readGpuFault } from '../../src/engine/gpu-fault.ts';

test.for([
  ['Failed to initialize NVML: Unknown Error\n', /lost access to its GPU .*daemon-reload/],
  ['Failed to initialize NVML: GPU access blocked by the operating system\n', /blocks the access/],
  [
    'Unable to determine the device handle for GPU 0000:0A:00.0: GPU is lost.  Reboot the system to recover this GPU\n',
    /fallen off the bus/,
  ],
  ['Unable to determine the device handle for GPU0000:09:00.0: Unknown Error\n', /does not answer any more/],
  ['Unable to determine the device handle for gpu 0000:06:00.0: Unknown Error\n', /does not answer any more/],
  ['No devices were found\n', /sees no GPU/],
] as const)('a container has lost its GPU where nvidia-smi says "%s"', ([said, reason]) => {
  expect(readGpuFault(said)).toMatch(reason);
});

test.for([
  'GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)\n',
  // The container's driver library is older than the machine's driver: made again it would be no better off.
  'Failed to initialize NVML: Driver/library version mismatch\n',
  "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
  'OCI runtime exec failed: exec failed: unable to start container process: exec: "nvidia-smi": executable file not found in $PATH: unknown\r\n',
  '',
])('and has not, for all one knows, where it says "%s"', (said) => {
  expect(readGpuFault(said)).toBeUndefined();
});

test('what it says is never quoted', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 40, unit: 'binary' }), (noise) => {
      expect(readGpuFault(`${noise} GPU is lost ${noise}`)).not.toContain(noise);
    }),
  );
});
