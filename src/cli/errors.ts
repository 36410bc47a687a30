/** The command was typed wrong: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command failed for a reason that it has told already, or that the message tells: exit 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** The person pressed Ctrl-C: exit 130. The message says what goes on without the command; empty says nothing. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
