import type { Connection, Environment } from './connection.ts';
import type { ReadSettings } from './daemon-settings.ts';
import type { Terminal } from './terminal.ts';

/** What every verb is handed. */
export interface Context {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly readSettings: ReadSettings;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** The connection that --host and the environment name. */
  connection(): Connection;
}
