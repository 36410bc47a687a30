import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type Output = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** The colours that mean something here. */
export type Colour = 'green' | 'yellow' | 'red' | 'dim';

const SGR = { green: '32', yellow: '33', red: '31', dim: '2' } as const satisfies Record<Colour, string>;

// C0, DEL and C1 drive a terminal; the others make a text read as what it isn't.
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/** The text with every control character written out, so that it can't drive a terminal: ESC becomes \x1b. */
export function inert(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** As inert, but a tab stays: a line of a log may hold one. */
export function inertLine(text: string): string {
  return text.replace(UNPRINTABLE, (character) => (character === '\t' ? character : escaped(character)));
}

/** Where the command prints: answers to stdout, everything said beside them to stderr. */
export class Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly #colour: boolean;
  #updating = false;

  constructor(stdin: Readable, stdout: Output, stderr: Output, options: { readonly colour: boolean }) {
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.#colour = options.colour && stdout.isTTY === true;
  }

  /** One line of the answer. The caller has made foreign text inert. */
  print(line: string): void {
    this.#endUpdate();
    this.stdout.write(`${line}\n`);
  }

  /** One line for the person, beside the answer. */
  note(line: string): void {
    this.#endUpdate();
    this.stderr.write(`${line}\n`);
  }

  /** Progress: on a terminal one line that changes, otherwise a line each. */
  update(line: string): void {
    if (this.stderr.isTTY !== true) {
      this.note(line);
      return;
    }
    // A terminal that doesn't tell its width says 0.
    const width = (this.stderr.columns || 80) - 1;
    this.stderr.write(`\r\u001b[K${line.length > width ? `${line.slice(0, width - 1)}…` : line}`);
    this.#updating = true;
  }

  /** Removes the changing line. */
  clearUpdate(): void {
    if (this.#updating) this.stderr.write('\r\u001b[K');
    this.#updating = false;
  }

  /** Passes a line of a container's log on; resolves when the stream can take more. On a terminal it is made inert. */
  async passOn(stream: 'stdout' | 'stderr', line: string): Promise<void> {
    const output = this[stream];
    if (!output.write(`${output.isTTY === true ? line.split('\n').map(inertLine).join('\n') : line}\n`))
      await once(output, 'drain');
  }

  /** The text in a colour, where stdout shows colours. */
  paint(colour: Colour, text: string): string {
    return this.#colour ? `\u001b[${SGR[colour]}m${text}\u001b[0m` : text;
  }

  #endUpdate(): void {
    if (this.#updating) this.stderr.write('\n');
    this.#updating = false;
  }
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
}
