/** What an exit code of nvidia-smi means, for a person. */
export interface NvidiaSmiExit {
  /** What is wrong: "the driver is not loaded". */
  readonly seen: string;
  /** What to do about it, as whole sentences. */
  readonly mend: string;
}

const NO_GPU: NvidiaSmiExit = {
  seen: 'the driver finds no GPU',
  mend: 'Is the card seated and powered? lspci | grep -i nvidia shows what the machine sees.',
};

const EXITS: ReadonlyMap<number, NvidiaSmiExit> = new Map([
  [
    4,
    {
      seen: 'this user may not ask the driver',
      mend: 'Run berthd as root, or give its user access to /dev/nvidia*.',
    },
  ],
  [6, NO_GPU],
  [
    8,
    {
      seen: "a GPU's power cables are not attached",
      mend: 'Switch the machine off and attach its power cables.',
    },
  ],
  [
    9,
    {
      seen: 'the driver is not loaded',
      mend: 'Load it: modprobe nvidia. After a new kernel, install the driver again; then reboot.',
    },
  ],
  [
    10,
    {
      seen: 'the kernel has trouble with the interrupts of a GPU',
      mend: 'See dmesg | grep -i nvrm; reboot.',
    },
  ],
  [
    12,
    { seen: "the driver's library libnvidia-ml is missing", mend: 'Install the driver again; then reboot.' },
  ],
  [
    13,
    {
      seen: "the driver's library is too old for nvidia-smi",
      mend: 'Install the driver again; then reboot.',
    },
  ],
  [
    14,
    {
      seen: "a GPU's own configuration (infoROM) is corrupted",
      mend: 'Reboot; if it stays so, have the card replaced.',
    },
  ],
  [
    15,
    {
      seen: 'a GPU has fallen off the bus',
      mend: 'See dmesg | grep -i xid; reboot. If it comes back, check its power and cooling.',
    },
  ],
  [
    18,
    {
      seen: "the driver's library and kernel module differ in version",
      mend: 'Reboot: an upgrade is half done.',
    },
  ],
]);

/** What nvidia-smi's exit code means (man nvidia-smi, "Return value"); undefined where it says nothing of use. */
export function nvidiaSmiExit(code: number): NvidiaSmiExit | undefined {
  return EXITS.get(code);
}
