import type { Revision } from '../domain/container.ts';
import type { Instance } from '../domain/instance.ts';
import type { LogLine } from '../domain/log-line.ts';
import type { Engine } from '../engine/engine.ts';

const LINES_TO_LOOK_AT = 20;
const LONGEST_LINE = 300;
const SAME_MOMENT_MS = 100;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u001f\u007f-\u009f]/g;

/** Why a run ended, for a person: exit code, whether memory ran out, and the last line it wrote. */
export async function exitReason(
  revision: Revision,
  instance: Instance,
  engine: Pick<Engine, 'logs'>,
  signal: AbortSignal,
): Promise<string> {
  if (instance.state.kind !== 'exited') return 'ended';
  const { exitCode, outOfMemory } = instance.state;
  const what = outOfMemory
    ? `exited with code ${exitCode}: out of memory (ram is ${revision.spec.ram.text})`
    : `exited with code ${exitCode}`;
  const line = await lastLine(engine, instance.id, signal);
  return line === undefined ? what : `${what}: ${line}`;
}

/**
 * The last line that holds anything. Both outputs race for their place in the journal, so of a last word on each, written
 * at the same moment, the one on stderr counts.
 */
async function lastLine(
  engine: Pick<Engine, 'logs'>,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let last: LogLine | undefined;
  for await (const line of engine.logs(id, { since: null, tail: LINES_TO_LOOK_AT, follow: false }, signal)) {
    if (plain(line.text) === '') continue;
    const isLess =
      last?.stream === 'stderr' && line.stream === 'stdout' && apart(last, line) < SAME_MOMENT_MS;
    if (!isLess) last = line;
  }
  return last === undefined ? undefined : shortened(plain(last.text));
}

function plain(text: string): string {
  return text.replace(ESCAPES, ' ').trim();
}

function apart(a: LogLine, b: LogLine): number {
  return Math.abs(Date.parse(a.timestamp) - Date.parse(b.timestamp));
}

function shortened(text: string): string {
  return text.length <= LONGEST_LINE ? text : `${text.slice(0, LONGEST_LINE)}…`;
}
