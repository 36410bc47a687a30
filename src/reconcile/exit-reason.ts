import type { Revision } from '../domain/container.ts';
import type { Instance } from '../domain/instance.ts';
import type { Engine } from '../engine/engine.ts';

const LINES_TO_LOOK_AT = 20;
const LONGEST_LINE = 300;
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

async function lastLine(
  engine: Pick<Engine, 'logs'>,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let last: string | undefined;
  for await (const { text } of engine.logs(
    id,
    { since: null, tail: LINES_TO_LOOK_AT, follow: false },
    signal,
  )) {
    const plain = text.replace(ESCAPES, ' ').trim();
    if (plain !== '') last = plain;
  }
  return last === undefined || last.length <= LONGEST_LINE ? last : `${last.slice(0, LONGEST_LINE)}…`;
}
