/** Each sign that a container has lost its GPUs, in what nvidia-smi says inside it, and what to tell a person. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [
    /Failed to initialize NVML: Unknown Error/i,
    'the container lost access to its GPU (NVML: Unknown Error), as after systemctl daemon-reload',
  ],
  [/Failed to initialize NVML: GPU access blocked/i, 'the operating system blocks the access to the GPU'],
  [/GPU is lost/i, 'the GPU is lost: it has fallen off the bus'],
  [
    /Unable to determine the device handle for gpu/i,
    'the GPU does not answer any more (NVML: no device handle)',
  ],
  [/No devices were found/i, 'the container sees no GPU any more'],
];

/**
 * Why a container has lost its GPUs, by what `nvidia-smi -L` says inside it; undefined where that is no clear sign of it.
 * The text is the container's own and may be anything: nothing of it is quoted.
 */
export function readGpuFault(output: string): string | undefined {
  return SIGNS.find(([sign]) => sign.test(output))?.[1];
}
