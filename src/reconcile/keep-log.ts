import type { Revision } from '../domain/container.ts';
import type { Instance } from '../domain/instance.ts';
import type { LogLine } from '../domain/log-line.ts';
import { EngineError } from '../engine/engine.ts';
import type { Tools } from './tools.ts';

const LINES = 100;
const BYTES = 32 * 1024;

/** Keeps the end of a failing revision's log before its instance goes. */
export async function keepLog(
  revision: Revision,
  { engine, keptLogs, log, now }: Pick<Tools, 'engine' | 'keptLogs' | 'log' | 'now'>,
  signal: AbortSignal,
): Promise<void> {
  const { containerId, number } = revision;
  const instance = (await engine.instances(containerId, signal)).find((one) => one.revision === number);
  if (instance === undefined) return;
  try {
    const lines: LogLine[] = [];
    const selection = { since: null, tail: LINES, follow: false };
    for await (const line of engine.logs(instance.id, selection, signal)) lines.push(line);
    const endedAt = new Date(endOf(instance) ?? now());
    await keptLogs.keep({
      containerId,
      revision: number,
      instanceId: instance.id,
      endedAt,
      lines: lastOf(lines),
    });
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === 'unavailable') throw error;
    log.warn(
      { containerId, revision: number, reason: error.message },
      'the failed revision’s log could not be kept',
    );
  }
}

function endOf({ state }: Instance): number | undefined {
  return state.kind === 'exited' ? state.finishedAt.getTime() : undefined;
}

/** As many of the last lines as fit. */
function lastOf(lines: readonly LogLine[]): readonly LogLine[] {
  let left = BYTES;
  const first = lines.findLastIndex((line) => {
    left -= Buffer.byteLength(line.text);
    return left < 0;
  });
  return lines.slice(first + 1);
}
