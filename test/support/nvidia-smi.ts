import { chmod, cp, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

/** Captured outputs, a folder a machine. */
const CAPTURES = join(import.meta.dirname, 'nvidia');

/** The machines whose outputs were captured. */
export type CapturedMachine =
  | 'a100-old-mig'
  | 'card-off-bus'
  | 'driver-mismatch'
  | 'driver-not-loaded'
  | 'eight-a100'
  | 'eight-a100-mig'
  | 'four-a40'
  | 'gb10'
  | 'hanging'
  | 'jetson-orin'
  | 'k80-old-driver'
  | 'laptop'
  | 'mixed-box'
  | 'no-devices'
  | 'reset-required'
  | 'tesla-t4'
  | 'two-3090';

const MAIN =
  'index,uuid,name,memory.total,memory.used,utilization.gpu,temperature.gpu,power.draw,mig.mode.current,driver_version';

/**
 * Answers each question from a file of the machine's folder, and notes that it was asked. A shell, not Node: it starts in
 * a few milliseconds. `exec` leaves no child behind that would outlive a kill.
 */
const SCRIPT = `#!/bin/sh
here=\${0%/*}
echo "$*" >>"$here/questions"
cd -P "$here/machine" || exit 1
[ -e hang ] && exec sleep 3600
if [ -e says.txt ]; then cat says.txt; read -r code <exit; exit "$code"; fi
answer() { [ -e "$1" ] && cat "$1"; }
code=0
case "$*" in
  '--query-gpu=${MAIN} --format=csv,noheader,nounits')
    answer cards.csv; [ -e cards.exit ] && read -r code <cards.exit ;;
  '--query-gpu=${MAIN.replace('mig.mode.current,', '')} --format=csv,noheader,nounits')
    answer cards-before-mig.csv ;;
  '--query-gpu=uuid,pci.bus_id --format=csv,noheader') answer addresses.csv ;;
  -L) answer list.txt ;;
  'topo -m') answer topology.txt ;;
  '') answer list.txt ;;
  *) echo "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help."; code=2 ;;
esac
exit "$code"
`;

/** A program that answers as nvidia-smi would on another machine. */
export class StandInNvidiaSmi implements AsyncDisposable {
  /** Of the program. */
  readonly path: string;
  readonly #folder: AsyncDisposable & { readonly path: string };
  #count = 0;

  private constructor(folder: AsyncDisposable & { readonly path: string }) {
    this.#folder = folder;
    this.path = join(folder.path, 'nvidia-smi');
  }

  static async of(machine: CapturedMachine): Promise<StandInNvidiaSmi> {
    const standIn = new StandInNvidiaSmi(await temporaryFolder());
    await writeFile(standIn.path, SCRIPT);
    await chmod(standIn.path, 0o755);
    await standIn.use(machine);
    return standIn;
  }

  /** From now on it is another machine. What is being answered is answered to its end as before. */
  use(machine: CapturedMachine): Promise<void> {
    return this.#replace((folder) => cp(join(CAPTURES, machine), folder, { recursive: true }));
  }

  /** Whatever is asked, it says this and fails. */
  fail(code: number, says: string): Promise<void> {
    return this.#replace(async (folder) => {
      await writeFile(join(folder, 'says.txt'), says);
      await writeFile(join(folder, 'exit'), `${code}\n`);
    });
  }

  /** It doesn't answer any more. */
  hang(): Promise<void> {
    return this.#replace((folder) => writeFile(join(folder, 'hang'), ''));
  }

  /** The card is not listed any more, as if it had been pulled out. */
  async loseCard(uuid: string): Promise<void> {
    const without = (row: string) => (row.includes(uuid) ? '' : row);
    const addresses = (await this.#read('addresses.csv')).split(/(?<=\n)/);
    await this.#edit(without, { 'addresses.csv': addresses.map(without).join('') });
  }

  /** The card fell off the bus, which is told with an error; the others are listed. */
  async dropOffBus(uuid: string): Promise<void> {
    const address = new RegExp(`^${uuid}, (.+)$`, 'm').exec(await this.#read('addresses.csv'))?.[1] ?? '';
    const error = `Unable to determine the device handle for GPU ${address}: GPU is lost.  Reboot the system to recover this GPU\n`;
    await this.#edit((row) => (row.includes(uuid) ? error : row), { 'cards.exit': '15\n' });
  }

  /** What the driver says of the card is this instead of readings: "[GPU requires reset]". */
  mark(uuid: string, marker: string): Promise<void> {
    return this.#edit((row) => {
      if (!row.includes(uuid)) return row;
      const fields = row.trimEnd().split(', ');
      return `${fields.map((field, at) => (at >= 4 && at <= 7 ? marker : field)).join(', ')}\n`;
    });
  }

  /** Another text in place of one of the machine's answers: 'cards.csv', 'list.txt', 'topology.txt', 'addresses.csv'. */
  answer(file: string, text: string): Promise<void> {
    return this.#edit((row) => row, { [file]: text });
  }

  /** What it was asked so far, each with its arguments. */
  async questions(): Promise<string[]> {
    const asked = await readFile(join(this.#folder.path, 'questions'), 'utf8').catch(() => '');
    return asked.split('\n').filter((line) => line !== '');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#folder[Symbol.asyncDispose]());
  }

  #read(file: string): Promise<string> {
    return readFile(join(this.#folder.path, 'machine', file), 'utf8');
  }

  #edit(row: (row: string) => string, files: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#replace(async (folder) => {
      await cp(join(this.#folder.path, `machine-${this.#count - 1}`), folder, { recursive: true });
      const cards = await this.#read('cards.csv');
      const rows = cards.split(/(?<=\n)/).map(row);
      await writeFile(join(folder, 'cards.csv'), rows.join(''));
      for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
    });
  }

  /** All at once: nobody sees half of a machine. */
  async #replace(fill: (folder: string) => Promise<void>): Promise<void> {
    const name = `machine-${this.#count}`;
    await mkdir(join(this.#folder.path, name));
    await fill(join(this.#folder.path, name));
    this.#count += 1;
    const link = join(this.#folder.path, `${name}-link`);
    await symlink(name, link);
    await rename(link, join(this.#folder.path, 'machine'));
  }
}
