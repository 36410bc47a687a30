import { nvidiaSmiExit } from '../domain/nvidia-smi-exit.ts';
import { CARD_FIELDS, type CardRows, parseCardRows } from './card-rows.ts';
import { cleanText } from './clean-text.ts';
import { type MigInstance, parseMigInstances } from './mig-instances.ts';
import type { Answer, NvidiaSmi } from './nvidia-smi.ts';
import { type PciAddress, parseOffBus } from './pci-address.ts';
import { noneFoundReason } from './reasons.ts';

/** What one look at the machine's cards gave. */
export type Look =
  | Seen
  /** There is no driver on this machine. */
  | { readonly kind: 'absent' }
  /** Nothing was learned of any card; why, for a person. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** All that was learned is which cards have fallen off the bus. */
  | { readonly kind: 'off-bus'; readonly addresses: readonly PciAddress[]; readonly reason: string };

/** The driver told what cards there are. */
export interface Seen extends CardRows {
  readonly kind: 'seen';
  /** Why there are none; null where there are. */
  readonly reason: string | null;
  /** Cards that the driver names as gone. */
  readonly offBus: readonly PciAddress[];
  /** By the uuid of their card; null where the driver doesn't list them now. Asked for only where a card has MIG on. */
  readonly mig: ReadonlyMap<string, readonly MigInstance[]> | null;
}

/** Asks the driver what cards there are and what they do. Rejects only where `signal` aborts. */
export async function look(nvidiaSmi: NvidiaSmi, signal: AbortSignal): Promise<Look> {
  const seen = readAnswer(await askForCards(nvidiaSmi, signal));
  if (seen.kind !== 'seen' || !seen.cards.some((card) => card.mig)) return seen;
  const list = await nvidiaSmi.call(['-L'], signal);
  return { ...seen, mig: list.kind === 'ended' && list.code === 0 ? parseMigInstances(list.stdout) : null };
}

async function askForCards(nvidiaSmi: NvidiaSmi, signal: AbortSignal): Promise<Answer> {
  const answer = await nvidiaSmi.call(query(CARD_FIELDS), signal);
  const noMig =
    answer.kind === 'ended' &&
    answer.code !== 0 &&
    /mig\.mode\.current\W+is not a valid field/i.test(answer.stdout + answer.stderr);
  if (!noMig) return answer;
  return nvidiaSmi.call(query(CARD_FIELDS.filter((field) => field !== 'mig.mode.current')), signal);
}

function query(fields: readonly string[]): string[] {
  return [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader,nounits'];
}

/** What an answer to the question for cards comes to. */
export function readAnswer(answer: Answer): Look {
  switch (answer.kind) {
    case 'ended':
      return readOutput(answer.code, answer.stdout, answer.stderr);
    case 'absent':
      return { kind: 'absent' };
    case 'hung':
      return failed(
        `nvidia-smi hangs for ${answer.ms / 1000} s: a card or its driver is stuck. See dmesg; reboot.`,
      );
    case 'flooding':
      return failed('nvidia-smi says no end of things. Run it yourself; install the driver again.');
    case 'killed':
      return failed(`nvidia-smi was ended by ${answer.signal}. Run it yourself; see dmesg.`);
    case 'unstartable':
      return failed(`nvidia-smi can't be started: ${cleanText(answer.why, 200)}. Run it yourself.`);
  }
}

function readOutput(code: number, stdout: string, stderr: string): Look {
  const rows = parseCardRows(stdout);
  const said = `${stdout}\n${stderr}`;
  const offBus = parseOffBus(said);
  const meaning = nvidiaSmiExit(code);
  const reason =
    meaning === undefined
      ? `nvidia-smi ${code === 0 ? 'answers' : `fails with exit code ${code}`}: ${firstLine(said)} Run it yourself; see dmesg.`
      : `${meaning.seen}. ${meaning.mend}`;
  // Whatever the exit code: with one card gone, the others are told all the same.
  if (rows.cards.length > 0 || rows.nameless.length > 0) {
    return { kind: 'seen', ...rows, reason: null, offBus, mig: null };
  }
  if (offBus.length > 0) return { kind: 'off-bus', addresses: offBus, reason };
  // Exit code 6, and 0 from some versions.
  if (/^no devices were found/im.test(said)) {
    return { kind: 'seen', ...rows, reason: noneFoundReason(), offBus, mig: null };
  }
  return failed(reason);
}

function firstLine(text: string): string {
  const line = cleanText(text.split('\n').find((one) => one.trim() !== '') ?? '', 200);
  return line === '' ? 'nothing.' : `"${line}".`;
}

function failed(reason: string): Look {
  return { kind: 'failed', reason };
}
