import type { Output } from './terminal.ts';

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Lines that take the place of those shown before. */
export interface Screen extends Disposable {
  /** The caller has made foreign text inert. */
  show(lines: readonly string[]): void;
}

/**
 * On a terminal its other screen, until disposed: what doesn't fit there is cut. Elsewhere every time is printed, a blank
 * line apart.
 */
export function openScreen(stdout: Output): Screen {
  if (stdout.isTTY !== true) return printed(stdout);
  stdout.write(ENTER);
  return {
    show(lines) {
      // A terminal that doesn't tell its height says 0.
      const seen = lines.slice(0, stdout.rows || 24);
      stdout.write(HOME + seen.map((line) => line + CLEAR_LINE).join('\r\n') + CLEAR_BELOW);
    },
    [Symbol.dispose]() {
      stdout.write(LEAVE);
    },
  };
}

function printed(stdout: Output): Screen {
  let first = true;
  return {
    show(lines) {
      stdout.write(`${first ? '' : '\n'}${lines.join('\n')}\n`);
      first = false;
    },
    [Symbol.dispose]() {},
  };
}

/** A text in lines that fit on a terminal, broken between words. Elsewhere it is one line. */
export function wrapped(text: string, stdout: Output): string[] {
  if (stdout.isTTY !== true) return [text];
  // A terminal that doesn't tell its width says 0.
  const width = stdout.columns || 80;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
