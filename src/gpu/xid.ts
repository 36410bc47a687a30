import { cleanText } from './clean-text.ts';
import { type PciAddress, parsePciAddress } from './pci-address.ts';

/** An error that NVIDIA's driver reports in the kernel's log. */
export interface Xid {
  readonly address: PciAddress;
  /** Its number in NVIDIA's catalogue (docs.nvidia.com/deploy/xid-errors). */
  readonly code: number;
  /** What the driver says behind it. */
  readonly text: string;
}

/**
 * What takes a card from all who use it: errors whose remedy in NVIDIA's catalogue is a reset or a reboot. Not in here
 * are faults of a program (13, 31, 43, 45, 68, 94, 109), and errors that the card corrects or that may pass (63, 74, 92).
 */
const FATAL: ReadonlyMap<number, string> = new Map([
  [46, 'the GPU stopped processing'],
  [48, 'its memory has an error that can’t be corrected'],
  [62, 'its internal controller halted'],
  [64, 'its memory has a broken row that can’t be replaced'],
  [79, 'the GPU has fallen off the bus'],
  [95, 'its memory has an uncontained error'],
  [119, 'its system processor does not answer'],
  [120, 'its system processor failed'],
  [140, 'its memory has an unrecovered error'],
  [143, 'the GPU could not be initialized'],
]);

/**
 * Reads one record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg). Only the kernel's own records count, and only
 * where they begin so: what a process writes or is called can't pass for one.
 */
export function parseXid(record: string): Xid | null {
  const [, priority = '', message = ''] = /^(\d{1,10}),[^;]{0,200};(.*)/s.exec(record) ?? [];
  // The facility, above the three bits of the level, is 0 for the kernel and never 0 for a process.
  if (priority === '' || Number(priority) >= 8) return null;
  const pattern =
    /^NVRM: Xid \((?:PCI:)?([0-9a-f:.]{7,20})(?: GPU-I:[0-9a-f]+)?\): (\d{1,4})(?:, ?([^\n]*))?(?:\n|$)/i;
  const [, place = '', code = '', text = ''] = pattern.exec(message) ?? [];
  const address = parsePciAddress(place);
  return address === undefined ? null : { address, code: Number(code), text: cleanText(text, 200) };
}

/** Why whoever uses the card has lost it, for a person; null where a program's fault or less was reported. */
export function fatalReason({ code, text }: Xid): string | null {
  const what = code === 154 ? recoveryNeeded(text) : FATAL.get(code);
  return what === undefined
    ? null
    : `${what} (XID ${code} in the kernel's log); reset the GPU or reboot the machine`;
}

/** "GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)": draining may wait, these don't. */
function recoveryNeeded(text: string): string | undefined {
  const action = /\bto 0x[0-9a-f]+ \(([A-Za-z ]{1,40})\)/i.exec(text)?.[1] ?? '';
  return /^(gpu reset|node reboot) required$/i.test(action) ? `the driver asks for: ${action}` : undefined;
}
