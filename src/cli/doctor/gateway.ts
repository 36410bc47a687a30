import { Agent, request } from 'undici';
import { unreachable } from '../../client/problem.ts';
import type { Listen } from '../daemon-settings.ts';
import { urlTo } from './berthd.ts';
import { type Finding, ok, problem } from './finding.ts';

const START =
  'Start it: systemctl start berth-gateway.socket berth-gateway. Why it stopped: journalctl -u berth-gateway. In a checkout: npm start.';
// No container has it (RFC 6761), so that a gateway answers with its own 404.
const NOBODY = 'berth-doctor.invalid';

/** Sees whether a gateway answers on one of the addresses, and what else does where none is. */
export async function checkGateway(candidates: readonly Listen[], signal: AbortSignal): Promise<Finding> {
  const strangers: string[] = [];
  for (const listen of candidates) {
    const answer = await ask(urlTo(listen), signal);
    if (answer === 'gateway') return ok('gateway', `serves containers at ${urlTo(listen)}`);
    if (answer !== 'nothing') strangers.push(`${urlTo(listen)} (${answer})`);
  }
  if (strangers.length === 0) {
    return problem('gateway', `nothing listens at ${candidates.map(urlTo).join(' or ')}`, START);
  }
  const mend =
    'See what listens there: sudo ss -ltnp. Stop it, or give the gateway another address: BERTH_GATEWAY_LISTEN.';
  return problem('gateway', `what answers at ${strangers.join(', ')} is not berth's gateway`, mend);
}

/** "gateway", "nothing" where nobody listens, or what was met in its place. */
async function ask(url: string, signal: AbortSignal): Promise<string> {
  const dispatcher = new Agent();
  try {
    const { statusCode, body } = await request(url, { headers: { host: NOBODY }, dispatcher, signal });
    const text = await body.text();
    return statusCode === 404 && text.startsWith('No container answers') ? 'gateway' : `status ${statusCode}`;
  } catch (error) {
    const { code, message } = unreachable(error);
    return code === 'ECONNREFUSED' ? 'nothing' : message;
  } finally {
    await dispatcher.destroy();
  }
}
