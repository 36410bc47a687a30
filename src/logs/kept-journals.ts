import type { Instance } from '../domain/instance.ts';
import type { KeptLog } from '../domain/kept-log.ts';
import type { LogLine } from '../domain/log-line.ts';
import { type Journals, refusalOf } from './ports.ts';

/** What is kept of instances that failed and are gone. */
export interface KeptLogs {
  ofContainer(containerId: string): Promise<readonly KeptLog[]>;
  ofInstance(instanceId: string): Promise<KeptLog | undefined>;
}

/** The engine's journals, and what is kept of those that it has no more, as if it still had them. */
export function withKeptLogs(engine: Journals, kept: KeptLogs): Journals {
  return {
    instances: async (containerId, signal) => {
      const present = await engine.instances(containerId, signal);
      const ids = new Set(present.map(({ id }) => id));
      const gone = (await kept.ofContainer(containerId)).filter(({ instanceId }) => !ids.has(instanceId));
      return [...present, ...gone.map(asInstance)];
    },
    logs: async function* (instanceId, selection, signal) {
      let begun = false;
      try {
        for await (const line of engine.logs(instanceId, selection, signal)) {
          begun = true;
          yield line;
        }
      } catch (error) {
        if (begun || refusalOf(error) !== 'gone') throw error;
        const log = await kept.ofInstance(instanceId);
        if (log === undefined) throw error;
        yield* selected(log.lines, selection);
      }
    },
  };
}

function asInstance({ containerId, revision, instanceId, endedAt }: KeptLog): Instance {
  const state = { kind: 'exited', exitCode: 0, outOfMemory: false, finishedAt: endedAt } as const;
  return { id: instanceId, containerId, revision, address: null, gpus: [], state };
}

function selected(
  lines: readonly LogLine[],
  { since, tail }: { readonly since: string | null; readonly tail: number | null },
): readonly LogLine[] {
  const wanted = since === null ? lines : lines.filter(({ timestamp }) => timestamp >= since);
  return tail === null ? wanted : wanted.slice(Math.max(0, wanted.length - tail));
}
