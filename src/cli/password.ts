import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { CommandFailed, Interrupted, UsageError } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** Asks for a new password twice, without showing what is typed. */
export async function choosePassword(terminal: Terminal, signal: AbortSignal): Promise<string> {
  if (terminal.stdin.isTTY !== true) {
    throw new UsageError('no terminal to ask for the password at; pipe it in with --password-stdin');
  }
  const password = await ask(terminal, 'Password: ', signal);
  if (password !== (await ask(terminal, 'Again: ', signal))) {
    throw new CommandFailed('the two passwords differ; nothing was changed');
  }
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

/** One line typed at the terminal; readline edits it, and what it would echo goes nowhere. */
async function ask({ stdin, stderr }: Terminal, prompt: string, signal: AbortSignal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true });
  stderr.write(prompt);
  try {
    return await new Promise((resolve, reject) => {
      const stop = () => reject(new Interrupted(''));
      signal.addEventListener('abort', stop, { once: true });
      lines.once('line', resolve).once('close', stop).once('SIGINT', stop);
    });
  } finally {
    lines.close();
    stderr.write('\n');
  }
}
