/** Why a card is lost, for a person: what happened and what to do about it. */

/** It no longer answers on the bus. */
export function offBusReason(): string {
  return 'fell off the bus; see dmesg | grep -i xid, then reboot the machine; if it comes back, check its power and cooling';
}

/** The driver won't use it before it is reset. */
export function resetReason(index: number): string {
  return `needs a reset: nvidia-smi --gpu-reset -i ${index}, once nothing uses it, or reboot the machine`;
}

/** The driver can't even tell what it is. */
export function sickReason(index: number): string {
  return `the driver can't read it: try nvidia-smi --gpu-reset -i ${index}, once nothing uses it, or reboot the machine; see dmesg | grep -i xid`;
}
