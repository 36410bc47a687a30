import { type Logger, pino } from 'pino';

/** syslog's priorities by pino's levels, as journald reads them from the beginning of a line (sd-daemon(3)). */
const PRIORITIES: ReadonlyMap<string, string> = new Map([
  ['60', '<2>'],
  ['50', '<3>'],
  ['40', '<4>'],
  ['30', '<6>'],
  ['20', '<7>'],
  ['10', '<7>'],
]);

/** How a process logs. */
export interface LogOptions {
  readonly name: string;
  readonly level: string;
  /** What every line says besides the process id. */
  readonly about?: Readonly<Record<string, string | number>>;
  /** Standard error goes to systemd's journal, which then knows warnings from the rest. */
  readonly journal: boolean;
}

/** The log of a process: a line of JSON each, to standard error. */
export function openLog({ name, level, about = {}, journal }: LogOptions): Logger {
  const options = {
    name,
    level,
    base: { pid: process.pid, ...about },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const output = pino.destination({ dest: 2, sync: true });
  if (!journal) return pino(options, output);
  return pino(options, { write: (line: string) => output.write(`${priorityOf(line)}${line}`) });
}

function priorityOf(line: string): string {
  return PRIORITIES.get(/^\{"level":([0-9]+)/.exec(line)?.[1] ?? '') ?? '';
}
