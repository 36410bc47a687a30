import { ApiProblem, Unreachable } from '../client/problem.ts';
import { type Address, describeAddress } from './connection.ts';
import { Interrupted, UsageError } from './errors.ts';

/** What OpenSSL makes of an answer in plain text. */
const NO_TLS = 'ERR_SSL_WRONG_VERSION_NUMBER';

/** What to print for an error, a line each, and what to exit with. */
export interface Failure {
  readonly lines: readonly string[];
  readonly exitCode: 1 | 2 | 130;
}

/** Says what happened, why, and what to do about it. `address` is what the command talked to, where it got so far. */
export function explain(error: unknown, address: Address | null): Failure {
  if (error instanceof UsageError) return { lines: [error.message], exitCode: 2 };
  if (error instanceof Interrupted) return { lines: linesOf(error.message), exitCode: 130 };
  if (error instanceof ApiProblem) return { lines: explainProblem(error, address), exitCode: 1 };
  if (error instanceof Unreachable && address !== null)
    return { lines: explainUnreachable(error, address), exitCode: 1 };
  if (error instanceof Error) return { lines: linesOf(error.message), exitCode: 1 };
  return { lines: [String(error)], exitCode: 1 };
}

/** berthd's sentence says all: the fields beside it are for programs. Who refuses without one isn't berthd. */
function explainProblem(problem: ApiProblem, address: Address | null): string[] {
  const { detail, status, title } = problem;
  if (detail !== null) return [detail, ...advice(problem, address)];
  const where = address === null ? 'berthd' : describeAddress(address);
  return [
    `${where} answers ${status} (${title}), and not as berthd would`,
    "Is that the address of berthd's API? It is on port 7070 where nobody chose another.",
  ];
}

function advice({ status }: ApiProblem, address: Address | null): string[] {
  if (status !== 401 || address?.kind !== 'url') return [];
  return address.token === null
    ? ['Set BERTH_TOKEN to a token; "berth token" on the machine itself prints one.']
    : ['The token in BERTH_TOKEN does not hold here; "berth token" on the machine itself prints a new one.'];
}

function explainUnreachable(error: Unreachable, address: Address): string[] {
  return [`cannot reach berthd at ${describeAddress(address)}: ${reason(error)}`, whatToDo(error, address)];
}

function reason(error: Unreachable): string {
  switch (error.code) {
    case 'ENOENT':
      return 'there is no such socket';
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not open the socket';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name does not resolve';
    case NO_TLS:
      return 'it does not speak TLS';
    default:
      return error.message;
  }
}

/** The remedy for each way in which berthd can't be reached. */
function whatToDo(error: Unreachable, address: Address): string {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return 'Join the group that may: sudo usermod -aG berth "$USER", then log in again. Or use sudo.';
  }
  if (error.code === NO_TLS) return 'Write http:// in place of https://.';
  if (address.kind === 'url')
    return `Is that the right address, and does berthd run there? Ask on that machine: berth doctor`;
  return 'Is berthd running? Installed: systemctl status berthd. In a checkout: npm start. Elsewhere: set BERTH_SOCKET or BERTH_HOST.';
}

function linesOf(message: string): string[] {
  return message === '' ? [] : message.split('\n');
}
