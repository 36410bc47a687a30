/** Which of a process's two outputs a line came from. */
export type LogStream = 'stdout' | 'stderr';

/** One line that a container wrote. */
export interface LogLine {
  readonly stream: LogStream;
  /** When the engine took it: RFC 3339 in UTC with nine digits of a second, so that texts compare as times do. */
  readonly timestamp: string;
  /** Without its line end; at most 64 KiB, a longer one comes as several lines of one timestamp. */
  readonly text: string;
}
