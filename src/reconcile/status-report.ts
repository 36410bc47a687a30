import { type Container, type Revision, type Status, wantedRevisions } from '../domain/container.ts';
import { formatDuration } from '../domain/duration.ts';
import { gpuStanding } from './gpu-plan.ts';
import type { Operation } from './operation.ts';
import { runKey, type Situation } from './situation.ts';

const STOPPING = 'waiting for the instance before it to end: it has the GPU';

interface Report {
  readonly status: Status;
  readonly reason: string | null;
}

/** What to tell of the container, where that differs from what is told now. */
export function reportOf(situation: Situation, container: Container): readonly Operation[] {
  const { status, reason } = describe(situation, container);
  if (status === container.status && reason === container.statusReason) return [];
  return [{ kind: 'report', revision: container.latest.number, status, reason }];
}

function describe(situation: Situation, container: Container): Report {
  const { latest, serving } = container;
  const { outcome } = latest;
  if (outcome.kind === 'failed') {
    return { status: 'failed', reason: `${outcome.reason}${outageOf(situation, serving)}` };
  }
  if (outcome.kind === 'ready' && answers(situation, latest)) return { status: 'deployed', reason: null };
  const waiting = waitFor(situation, latest);
  if (waiting !== undefined) return { status: 'deploying', reason: waiting };
  const lost = situation.gpus.lost.get(latest.number);
  if (lost !== undefined) return { status: 'deploying', reason: `its GPU is lost: ${lost}` };
  const setback = situation.progress.setbacks.get(latest.number);
  if (setback === undefined) return { status: 'deploying', reason: stage(situation, container) };
  const waits = setback.retryAt > situation.now;
  const next = waits ? `trying again in ${formatDuration(setback.delayMs)}` : stage(situation, container);
  return { status: outcome.kind === 'ready' ? 'failed' : 'deploying', reason: `${setback.reason}; ${next}` };
}

/** Why a revision waits for GPUs; undefined where it doesn't. */
function waitFor({ gpus }: Situation, { number }: Revision): string | undefined {
  return gpus.holdings.has(number) ? undefined : gpus.waiting.get(number);
}

/** Why the revision that would go on serving doesn't: it waits for a GPU, or can't be started. */
function outageOf(situation: Situation, serving: Revision | null): string {
  if (serving === null || answers(situation, serving)) return '';
  const waiting = waitFor(situation, serving);
  if (waiting !== undefined) return `; revision ${serving.number} is ${waiting}`;
  const setback = situation.progress.setbacks.get(serving.number);
  return setback === undefined ? '' : `; revision ${serving.number}, trying again: ${setback.reason}`;
}

/** The gateway sends to it: so it was ready, and nothing has shown since that it isn't. */
function answers({ instances, route }: Situation, revision: Revision): boolean {
  const routed = new Set(route?.upstreams.map((upstream) => upstream.instance));
  return instances.some((instance) => instance.revision === revision.number && routed.has(instance.id));
}

/** How far the latest revision's instance is, for a person. */
function stage(situation: Situation, container: Container): string {
  const { instances, progress } = situation;
  const { number, spec } = container.latest;
  const pull = progress.pulls.get(number);
  const instance = instances.find((one) => one.revision === number && !progress.retiring.has(one.id));
  if (instance === undefined) {
    if (pull?.kind !== 'pulling') return isBlocked(situation, container) ? STOPPING : 'starting';
    return pull.percent === null ? 'pulling' : `pulling ${pull.percent}%`;
  }
  const probe = progress.probes.get(runKey(instance) ?? '');
  if (probe?.kind !== 'probing') return 'starting';
  const waiting = `waiting for ${spec.healthPath === null ? `port ${spec.port}` : `GET ${spec.healthPath}`} to answer`;
  return probe.seen === null ? waiting : `${waiting}: ${probe.seen}`;
}

function isBlocked(situation: Situation, container: Container): boolean {
  return gpuStanding(situation, container.latest, wantedRevisions(container)) === 'blocked';
}
