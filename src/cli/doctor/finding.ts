/** How grave a finding is: only a problem makes the doctor's exit code 1. */
export type State = 'ok' | 'warning' | 'problem';

/** One thing that the doctor looked at. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly about: string;
  readonly state: State;
  /** What was seen. */
  readonly seen: string;
  /** What to do about it; null where nothing needs doing. */
  readonly mend: string | null;
}

/** All is as it should be. */
export function ok(about: string, seen: string): Finding {
  return { about, state: 'ok', seen, mend: null };
}

/** It works, or may be meant so; still worth knowing. */
export function warning(about: string, seen: string, mend: string): Finding {
  return { about, state: 'warning', seen, mend };
}

/** It keeps berth from working. */
export function problem(about: string, seen: string, mend: string): Finding {
  return { about, state: 'problem', seen, mend };
}
