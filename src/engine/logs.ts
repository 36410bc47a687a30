import type { Readable } from 'node:stream';
import type { LogLine } from '../domain/log-line.ts';
import type { DockerClient } from './docker-client.ts';
import type { LogSelection } from './engine.ts';
import { LogFrameParser } from './log-frames.ts';
import { LogLineAssembler } from './log-lines.ts';
import { sinceParameter } from './log-timestamp.ts';

/** Reads an instance's log as fast as lines are taken. Leaving the loop, or the signal, destroys the engine's stream. */
export async function* readLogs(
  client: DockerClient,
  instanceId: string,
  selection: LogSelection,
  deadline: number,
  signal: AbortSignal,
): AsyncGenerator<LogLine, void, undefined> {
  const path = `/containers/${encodeURIComponent(instanceId)}/logs`;
  const stream = await client.open({ path, query: queryOf(selection), deadline, signal });
  try {
    yield* lines(stream);
  } catch (error) {
    throw client.broken(error, signal);
  }
}

async function* lines(stream: Readable): AsyncGenerator<LogLine, void, undefined> {
  const frames = new LogFrameParser();
  const assembler = new LogLineAssembler();
  for await (const chunk of stream) {
    for (const frame of frames.push(chunk)) yield* assembler.push(frame);
  }
  yield* assembler.end();
}

function queryOf(selection: LogSelection): Record<string, string> {
  return {
    stdout: 'true',
    stderr: 'true',
    timestamps: 'true',
    follow: String(selection.follow),
    tail: selection.tail === null ? 'all' : String(selection.tail),
    ...(selection.since === null ? {} : { since: sinceParameter(selection.since) }),
  };
}
