import { INSTALL_TOOLKIT } from '../domain/nvidia-toolkit.ts';
import { EngineError, type EngineErrorKind } from './engine.ts';
import { innermost, Refusal, shortened } from './refusal.ts';

const NO_TOOLKIT =
  'the container engine can not hand out GPUs: the NVIDIA Container Toolkit is missing on this machine. ' +
  INSTALL_TOOLKIT;

/** What the toolkit's hook and its nvidia-container-cli say on their standard error; the first that fits counts. */
const HOOK_REASONS: readonly (readonly [RegExp, EngineErrorKind, string])[] = [
  [/device error: .*unknown device/i, 'refused', 'the NVIDIA driver does not know the GPU any more'],
  [
    /driver\/library version mismatch/i,
    'refused',
    "the NVIDIA driver's parts are of different versions: reboot the machine",
  ],
  [
    /driver not loaded/i,
    'refused',
    'the NVIDIA driver is not loaded: see nvidia-smi on the machine, or reboot it',
  ],
  [/load library failed/i, 'refused', 'the NVIDIA driver is not installed on the machine, or only in part'],
  [
    /(initialization|driver|nvml|cuda|driver rpc) error/i,
    'refused',
    'the NVIDIA driver does not work: see nvidia-smi on the machine',
  ],
  [
    /unsupported capabilities found/i,
    'cannot-start',
    'NVIDIA_DRIVER_CAPABILITIES names what the NVIDIA Container Toolkit does not know',
  ],
  [
    /insufficient privileges to read device list/i,
    'no-gpu-access',
    "the NVIDIA Container Toolkit gives no GPUs to unprivileged containers: set accept-nvidia-visible-devices-envvar-when-unprivileged = true in the machine's /etc/nvidia-container-runtime/config.toml",
  ],
  [
    /invoking the NVIDIA Container Runtime Hook directly/i,
    'no-gpu-access',
    'the NVIDIA Container Toolkit is set to a mode without its hook: set mode = "auto" in the machine\'s /etc/nvidia-container-runtime/config.toml, or describe its GPUs for CDI with nvidia-ctk cdi generate',
  ],
];

/** What a refused start means where it was the GPUs that were refused; undefined where it was something else. */
export function explainGpuRefusal(refusal: Refusal): EngineError | undefined {
  const { message } = refusal;
  const refused = (reason: string) => new EngineError('refused', reason, refusal);
  if (isCdiRefusal(message)) return refused('the container engine does not know the GPU by its CDI name');
  if (/CDI device injection failed/i.test(message))
    return refused(`the container engine could not add the GPU: ${innermost(message)}`);
  if (/could not select device driver/i.test(message))
    return new EngineError('no-gpu-access', NO_TOOLKIT, refusal);
  // Docker's own network hook fails in the same words.
  const said = /running (?:\w+ )?hook.*?stderr: (.*)/is.exec(message)?.[1] ?? '';
  return /nvidia|unsupported capabilities/i.test(said) ? explainHook(said, refusal) : undefined;
}

/** Whether a start failed because CDI knows no such device, or is off by now: another driver may do. */
export function isUnknownToCdi(error: EngineError): boolean {
  return error.cause instanceof Refusal && isCdiRefusal(error.cause.message);
}

function isCdiRefusal(message: string): boolean {
  return /unresolvable CDI devices|could not select device driver "cdi"/i.test(message);
}

function explainHook(said: string, refusal: Refusal): EngineError {
  // "requirement error: unsatisfied condition: cuda>=12.4, please update your driver to a newer version, or …"
  const wanted = /unsatisfied condition: ([a-z]+ ?[<>=!]+ ?[\w.]+)/i.exec(said)?.[1];
  if (wanted !== undefined) {
    const reason = `the image does not run with this machine's NVIDIA driver and GPU: it needs ${wanted}`;
    return new EngineError('cannot-start', reason, refusal);
  }
  const known = HOOK_REASONS.find(([sign]) => sign.test(said));
  if (known !== undefined) return new EngineError(known[1], known[2], refusal);
  const tail = shortened(said.replace(/^.*nvidia-container-cli: /s, '').replace(/: unknown\.?$/, ''));
  return new EngineError('refused', `the NVIDIA Container Toolkit could not add the GPU: ${tail}`, refusal);
}
