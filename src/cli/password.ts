import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { CommandFailed, Interrupted, UsageError } from './errors.ts';
import type { Terminal } from './terminal.ts';

/** Asks for a new password twice, without showing what is typed. */
export async function choosePassword(terminal: Terminal, signal: AbortSignal): Promise<string> {
  if (terminal.stdin.isTTY !== true) {
    throw new UsageError('no terminal to ask for the password at; pipe it in with --password-stdin');
  }
  const [password, again] = await askUnseen(terminal, ['Password: ', 'Again: '], signal);
  if (password === undefined || again === undefined) throw new Interrupted('');
  if (password !== again) throw new CommandFailed('the two passwords differ; nothing was changed');
  return password;
}

/** The whole of standard input, less one line end at its end. */
export async function readPassword(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** A line for each prompt, fewer where typing ended before. readline edits them, and what it would echo goes nowhere. */
async function askUnseen(
  { stdin, stderr }: Terminal,
  prompts: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: nowhere, terminal: true });
  const close = () => reader.close();
  reader.once('SIGINT', close);
  signal.addEventListener('abort', close, { once: true });
  const typed = reader[Symbol.asyncIterator]();
  const lines: string[] = [];
  try {
    for (const prompt of prompts) {
      stderr.write(prompt);
      const line = await typed.next();
      stderr.write('\n');
      if (line.done) return lines;
      lines.push(line.value);
    }
    return lines;
  } finally {
    reader.close();
  }
}
