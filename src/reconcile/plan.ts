import { type Container, type Revision, wantedRevisions } from '../domain/container.ts';
import { hostnamesOf } from '../domain/hostname.ts';
import type { Instance } from '../domain/instance.ts';
import type { Route, Upstream } from '../domain/route.ts';
import { gpuStanding, releases, sitsRight } from './gpu-plan.ts';
import type { Operation } from './operation.ts';
import { isExhausted } from './setback.ts';
import { exitKey, runKey, type Situation } from './situation.ts';
import { reportOf } from './status-report.ts';

/**
 * What to do next for one container, in order. Pure: the same situation always gives the same operations, and none
 * once all is as wanted. It never asks how it came to this: every crash and every surprise is just another situation.
 */
export function plan(situation: Situation): readonly Operation[] {
  const { container } = situation;
  if (container === undefined) return dissolve(situation);
  const wanted = wantedRevisions(container);
  const tended = wanted.map((revision) => tend(situation, container, revision, wanted));
  const answering = tended.find((one) => one.ready !== undefined);
  const steps = [
    ...failOverLimit(situation, wanted),
    ...tended.flatMap((one) => one.operations),
    ...publish(situation, container, tended, answering),
    ...retireOthers(situation, tended, answering),
    ...releases(situation),
  ];
  // While steps are open the next look tells more; a report now would be old at once.
  return steps.some((step) => step.kind !== 'wake') ? steps : [...steps, ...reportOf(situation, container)];
}

/** A deleted container: no route, no instance, no GPU. */
function dissolve(situation: Situation): readonly Operation[] {
  const { containerId, route } = situation;
  return [
    ...(route === undefined ? [] : [{ kind: 'withdraw', containerId } as const]),
    ...retire(situation, situation.instances),
    ...releases(situation),
  ];
}

/** What became of looking after one revision. */
interface Tended {
  readonly revision: Revision;
  /** The one instance that runs it, or will. */
  readonly kept: Instance | undefined;
  /** That instance, once it answers. */
  readonly ready: Instance | undefined;
  readonly operations: readonly Operation[];
}

function tend(
  situation: Situation,
  container: Container,
  revision: Revision,
  wanted: readonly Revision[],
): Tended {
  const standing = gpuStanding(situation, revision, wanted);
  const idle = { revision, kept: undefined, ready: undefined };
  if (standing === 'yields') return { ...idle, operations: [] };
  if (standing === 'waiting') return { ...idle, operations: pullAhead(situation, revision) };
  const kept = instanceOf(situation, revision);
  const { setbacks } = situation.progress;
  const setback = setbacks.get(revision.number);
  const nothing = { revision, kept, ready: undefined };
  if (setback !== undefined && isExhausted(revision, setback)) {
    return { ...nothing, operations: [{ kind: 'fail', revision, reason: setback.reason }] };
  }
  const noted = kept === undefined || exitKey(kept) === undefined || setback?.exit === exitKey(kept);
  if (setback !== undefined && setback.retryAt > situation.now && noted && !isUp(kept)) {
    return { ...nothing, operations: [{ kind: 'wake', at: setback.retryAt }] };
  }
  if (kept === undefined) {
    const operations =
      standing === 'clear' ? make(situation, container, revision) : pullAhead(situation, revision);
    return { ...nothing, operations };
  }
  if (standing !== 'clear' && !isUp(kept)) return { ...nothing, operations: [] };
  switch (kept.state.kind) {
    case 'created':
      return { ...nothing, operations: [{ kind: 'start', revision, instance: kept }] };
    case 'exited': {
      const unwatched = kept.state.finishedAt.getTime() < situation.watchedSince;
      return {
        ...nothing,
        operations: [{ kind: noted || unwatched ? 'start' : 'note-exit', revision, instance: kept }],
      };
    }
    case 'dead':
      return { ...nothing, operations: retire(situation, [kept]) };
    case 'running':
      return tendRunning(situation, revision, kept);
  }
}

function tendRunning(situation: Situation, revision: Revision, instance: Instance): Tended {
  const lostGpu = situation.progress.gpuFaults.get(instance.id);
  if (lostGpu !== undefined) {
    const reason = `lost its GPU: ${lostGpu}`;
    return {
      revision,
      kept: undefined,
      ready: undefined,
      operations: [{ kind: 'note-setback', revision, reason }],
    };
  }
  const probe = situation.progress.probes.get(runKey(instance) ?? '');
  const one = { revision, kept: instance, ready: undefined };
  switch (probe?.kind) {
    case undefined:
      return { ...one, operations: [{ kind: 'probe', revision, instance }] };
    case 'probing':
      return { ...one, operations: [] };
    case 'ready':
      return { ...one, ready: instance, operations: [] };
    case 'failed':
    case 'unreachable':
      return { ...one, operations: giveUpRun(situation, revision, instance, probe) };
  }
}

/** A run that didn't become ready: the end of a new revision where that is its own fault, else a setback. */
function giveUpRun(
  situation: Situation,
  revision: Revision,
  instance: Instance,
  { kind, reason }: { readonly kind: 'failed' | 'unreachable'; readonly reason: string },
): readonly Operation[] {
  if (kind === 'failed' && revision.outcome.kind === 'pending') return [{ kind: 'fail', revision, reason }];
  return [{ kind: 'note-setback', revision, reason }, ...retire(situation, [instance])];
}

/** Of several instances of a revision, the one to keep: a running one, and of those the one in the route. */
function instanceOf(situation: Situation, revision: Revision): Instance | undefined {
  const { instances, route, progress } = situation;
  const routed = new Set(route?.upstreams.map((upstream) => upstream.instance));
  const rank = (instance: Instance) => (isUp(instance) ? 2 : 0) + (routed.has(instance.id) ? 1 : 0);
  return instances
    .filter((instance) => instance.revision === revision.number && !progress.retiring.has(instance.id))
    .filter((instance) => sitsRight(situation, instance))
    .toSorted((a, b) => rank(b) - rank(a))[0];
}

function isUp(instance: Instance | undefined): boolean {
  return instance?.state.kind === 'running';
}

function make(
  { progress, gpus }: Situation,
  { createdBy }: Container,
  revision: Revision,
): readonly Operation[] {
  const pull = progress.pulls.get(revision.number);
  if (pull === undefined) return [{ kind: 'pull', revision }];
  if (pull.kind !== 'pulled') return [];
  const held = gpus.holdings.get(revision.number)?.gpus ?? [];
  return [{ kind: 'create', revision, createdBy, gpus: held }];
}

/** What waits for its GPUs has its image by the time they come. */
function pullAhead({ progress }: Situation, revision: Revision): readonly Operation[] {
  return progress.pulls.has(revision.number) ? [] : [{ kind: 'pull', revision }];
}

function failOverLimit(
  { instances, progress }: Situation,
  wanted: readonly Revision[],
): readonly Operation[] {
  return wanted.flatMap((revision) => {
    const over = instances.find((one) => one.revision === revision.number && progress.overLimit.has(one.id));
    const reason = over === undefined ? undefined : progress.overLimit.get(over.id);
    return reason === undefined ? [] : [{ kind: 'fail', revision, reason } as const];
  });
}

/** The route, where the gateway's differs from the wanted one, and then the record of who answers. */
function publish(
  situation: Situation,
  container: Container,
  tended: readonly Tended[],
  answering: Tended | undefined,
): readonly Operation[] {
  const spoken = answering?.revision ?? container.serving ?? container.latest;
  const route: Route = {
    containerId: container.id,
    hosts: hostnamesOf(spoken.spec, container.id, situation.domain),
    requestTimeoutMs: spoken.spec.requestTimeout.ms,
    upstreams: answering === undefined ? unproven(situation, tended) : upstreamsOf(answering),
  };
  const swap: readonly Operation[] = sameRoute(route, situation.route) ? [] : [{ kind: 'publish', route }];
  if (answering === undefined) return swap;
  const { revision, ready } = answering;
  if (revision.number !== container.serving?.number) return [...swap, { kind: 'mark-serving', revision }];
  const isRouted = situation.route?.upstreams.some(({ instance }) => instance === ready?.id) ?? false;
  return isRouted ? swap : [...swap, { kind: 'note-return', revision }];
}

function upstreamsOf({ revision, ready }: Tended): readonly Upstream[] {
  if (ready === undefined || ready.address === null) return [];
  return [{ instance: ready.id, host: ready.address, port: revision.spec.port }];
}

/** Nothing is known to answer. What the gateway sends to now may well do: it goes on until a probe says otherwise. */
function unproven({ progress, route }: Situation, tended: readonly Tended[]): readonly Upstream[] {
  return (route?.upstreams ?? []).filter((upstream) => {
    const instance = tended.find(({ kept }) => kept?.id === upstream.instance)?.kept;
    if (instance === undefined || !isUp(instance) || instance.address !== upstream.host) return false;
    const probe = progress.probes.get(runKey(instance) ?? '')?.kind;
    return probe !== 'failed' && probe !== 'unreachable';
  });
}

function sameRoute(a: Route, b: Route | undefined): boolean {
  return b !== undefined && JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical({ hosts, requestTimeoutMs, upstreams }: Route): readonly unknown[] {
  return [hosts, requestTimeoutMs, upstreams.map(({ instance, host, port }) => [instance, host, port])];
}

/**
 * Every instance that no wanted revision keeps. One that the gateway sends to stays until another answers, and the
 * operations are carried out in order, so that the route is swapped before the old instance drains.
 */
function retireOthers(
  situation: Situation,
  tended: readonly Tended[],
  answering: Tended | undefined,
): readonly Operation[] {
  const superseded = answering === undefined ? [] : tended.slice(tended.indexOf(answering) + 1);
  const kept = new Set(tended.filter((one) => !superseded.includes(one)).map((one) => one.kept?.id));
  return retire(
    situation,
    situation.instances.filter((instance) => !kept.has(instance.id)),
  );
}

function retire({ progress }: Situation, instances: readonly Instance[]): readonly Operation[] {
  return instances
    .filter((instance) => !progress.retiring.has(instance.id))
    .map((instance) => ({ kind: 'retire', instance }));
}
