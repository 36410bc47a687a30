import { createClient } from '../../client/client.ts';
import { ApiProblem, Unreachable } from '../../client/problem.ts';
import { messageOf } from '../../domain/errors.ts';
import type { Listen } from '../daemon-settings.ts';
import { explain } from '../failure.ts';
import { type Finding, ok, problem } from './finding.ts';

const START =
  'Start it: systemctl start berthd. Why it stopped: journalctl -u berthd. In a checkout: npm start.';

/** Asks berthd for its health over its Unix socket. */
export async function checkSocket(path: string, signal: AbortSignal): Promise<Finding> {
  try {
    await createClient({ socketPath: path }).healthz({ signal });
    return ok('berthd', `answers on ${path}`);
  } catch (error) {
    if (error instanceof ApiProblem) return unwell(error, path);
    if (!(error instanceof Unreachable)) return problem('berthd', `${path}: ${messageOf(error)}`, START);
    const [seen = '', mend = START] = explain(error, { kind: 'socket', path }).lines;
    return problem('berthd', seen, mend);
  }
}

/** Asks berthd for its health over TCP, where programs with a token ask. */
export async function checkApiPort(listen: Listen, signal: AbortSignal): Promise<Finding> {
  const baseUrl = urlTo(listen);
  try {
    await createClient({ baseUrl }).healthz({ signal });
    return ok('API port', `berthd answers at ${baseUrl}`);
  } catch (error) {
    if (error instanceof ApiProblem) return unwell(error, baseUrl);
    if (error instanceof Unreachable && error.code === 'ECONNREFUSED') {
      return problem('API port', `nothing listens at ${baseUrl}`, START);
    }
    const mend = `See what listens there: ss -ltnp 'sport = :${listen.port}'. Another address for berth: BERTH_API_LISTEN.`;
    return problem('API port', `what answers at ${baseUrl} is not berthd: ${messageOf(error)}`, mend);
  }
}

/** The URL at which something on this machine reaches a listener. */
export function urlTo({ host, port }: Listen): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function unwell({ status, message }: ApiProblem, where: string): Finding {
  return problem('berthd', `${where} answers ${status}: ${message}`, 'Why: journalctl -u berthd.');
}
