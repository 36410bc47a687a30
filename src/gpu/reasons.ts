import { nvidiaSmiExit } from '../domain/nvidia-smi-exit.ts';

const LIST = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** It no longer answers on the bus. */
export function offBusReason(): string {
  return 'fell off the bus; see dmesg | grep -i xid, then reboot the machine; should it happen again, check power and cooling';
}

/** The driver won't use it before it is reset. */
export function resetReason(index: number): string {
  return `needs a reset: nvidia-smi --gpu-reset -i ${index}, once nothing uses it, or reboot the machine`;
}

/** The driver can't even tell what it is. */
export function sickReason(index: number): string {
  return `the driver can't read it: try nvidia-smi --gpu-reset -i ${index}, once nothing uses it, or reboot the machine; see dmesg | grep -i xid`;
}

/** The driver finds it no more, nor any other. */
export function noneFoundReason(): string {
  const exit = nvidiaSmiExit(6);
  return exit === undefined ? 'the driver finds no GPU' : `${exit.seen}. ${exit.mend}`;
}

/** MIG is on, and what instances there are can't be told. */
export function unlistedReason(): string {
  return 'nvidia-smi -L does not list the MIG instances now';
}

/** What is to be told of one device. */
export interface Trouble {
  readonly index: number;
  /** Null where the driver can't say it. */
  readonly name: string | null;
  readonly reason: string;
}

/** A text for each trouble, in the order of the first number that has it: "GPUs 0 and 2 (NVIDIA A40): needs a reset". */
export function tellTroubles(troubles: readonly Trouble[]): string[] {
  const ordered = troubles.toSorted((a, b) => a.index - b.index);
  const byReason = Map.groupBy(ordered, ({ reason }) => reason);
  return [...byReason].map(([reason, all]) => `${those(all)}: ${reason}`);
}

/** "GPU 2 (NVIDIA A40)", "GPUs 0, 1 and 3": with the name where it is that of them all. */
export function those(devices: readonly Pick<Trouble, 'index' | 'name'>[]): string {
  const indexes = [...new Set(devices.map(({ index }) => String(index)))];
  const [name, ...others] = new Set(devices.map((device) => device.name));
  const named = name == null || others.length > 0 ? '' : ` (${name})`;
  return `${indexes.length === 1 ? 'GPU' : 'GPUs'} ${LIST.format(indexes)}${named}`;
}

/** As sentences, one after the other; the last has a full stop only where it brought one. */
export function inSentences(texts: readonly string[]): string {
  return texts
    .map((text, at) => {
      const sentence = at === 0 ? text : text.charAt(0).toUpperCase() + text.slice(1);
      return at === texts.length - 1 ? sentence : sentence.replace(/\.?$/, '.');
    })
    .join(' ');
}

/** Of cards that no device stands for: "the GPU at 0000:41:00 fell off the bus; …". None where there are no addresses. */
export function offBusAt(addresses: readonly string[]): string[] {
  if (addresses.length === 0) return [];
  return [`the ${addresses.length === 1 ? 'GPU' : 'GPUs'} at ${LIST.format(addresses)} ${offBusReason()}`];
}
