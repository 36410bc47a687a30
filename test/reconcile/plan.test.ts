import { describe, expect, test } from 'vitest';
import type { Instance } from '../../src/domain/instance.ts';
import { Memory } from '../../src/reconcile/memory.ts';
import type { Operation } from '../../src/reconcile/operation.ts';
import { plan } from '../../src/reconcile/plan.ts';
import { type Probe, runKey, type Situation } from '../../src/reconcile/situation.ts';
import { container, EXITED, instance, NOW, RUNNING, revision, routeTo, situation } from './situations.ts';

const READY: Probe = { kind: 'ready', since: NOW - 500 };
const FAILED: Probe = { kind: 'failed', reason: 'port 80 did not answer within 5m' };

function kinds(operations: readonly Operation[]): string[] {
  return operations.map(({ kind }) => kind);
}

function planned(given: Partial<Situation>): string[] {
  return kinds(plan(situation(given)));
}

function memory(fill: (memory: Memory) => void): Memory {
  const made = new Memory();
  fill(made);
  return made;
}

function probed(probe: Probe, ...instances: readonly Instance[]): Memory {
  return memory(({ probes }) => {
    for (const one of instances) probes.set(runKey(one) ?? '', probe);
  });
}

describe('a first deploy', () => {
  const fresh = container(revision(1));

  test('announces the hosts and pulls', () => {
    expect(planned({ container: fresh, route: undefined })).toEqual(['pull', 'publish']);
  });
  test('tells how far the pull is, and waits for it', () => {
    const progress = memory(({ pulls }) => pulls.set(1, { kind: 'pulling', percent: 43 }));
    expect(plan(situation({ container: fresh, progress }))).toEqual([
      { kind: 'report', revision: 1, status: 'deploying', reason: 'pulling 43%' },
    ]);
  });
  test('creates once the image is here', () => {
    const progress = memory(({ pulls }) => pulls.set(1, { kind: 'pulled' }));
    expect(planned({ container: fresh, progress })).toEqual(['create']);
  });
  test('starts what is created', () => {
    expect(planned({ container: fresh, instances: [instance(1, { kind: 'created' })] })).toEqual(['start']);
  });
  test('probes what runs', () => {
    expect(planned({ container: fresh, instances: [instance(1)] })).toEqual(['probe']);
  });
  test('publishes and records what is ready', () => {
    const one = instance(1);
    const operations = plan(situation({ container: fresh, instances: [one], progress: probed(READY, one) }));
    expect(kinds(operations)).toEqual(['publish', 'mark-serving']);
    expect(operations[0]).toMatchObject({ route: routeTo(one) });
  });
  test('fails what never got ready', () => {
    const one = instance(1);
    expect(planned({ container: fresh, instances: [one], progress: probed(FAILED, one) })).toEqual(['fail']);
  });
  test('tries another instance where the address does not lead to one that listens', () => {
    const one = instance(1);
    const progress = probed({ kind: 'unreachable', reason: 'its address does not lead to it' }, one);
    expect(planned({ container: fresh, instances: [one], progress })).toEqual(['note-setback', 'retire']);
  });
  test('asks why it ended, waits, and tries again', () => {
    const ended = instance(1, EXITED);
    expect(planned({ container: fresh, instances: [ended] })).toEqual(['note-exit']);
    const exit = `${ended.id}@${NOW - 10}`;
    const progress = memory((m) =>
      m.setBack(revision(1), { reason: 'exited with code 1: boom', exit, now: NOW }),
    );
    expect(plan(situation({ container: fresh, instances: [ended], progress }))).toEqual([
      { kind: 'wake', at: NOW + 1_000 },
      {
        kind: 'report',
        revision: 1,
        status: 'deploying',
        reason: 'exited with code 1: boom; trying again in 1s',
      },
    ]);
    expect(planned({ container: fresh, instances: [ended], progress, now: NOW + 1_000 })).toEqual(['start']);
  });
  test('gives up after the third try', () => {
    const progress = memory((m) => {
      for (let n = 0; n < 3; n++) m.setBack(revision(1), { reason: 'exited with code 1', now: NOW });
    });
    expect(planned({ container: fresh, instances: [instance(1, EXITED)], progress })).toEqual(['fail']);
  });
});

test('one that served before and answers again is routed, and told', () => {
  const one = instance(1, RUNNING, 'again');
  const deployed = container(revision(1, { kind: 'ready' }), revision(1, { kind: 'ready' }));
  const given = { container: deployed, instances: [one], progress: probed(READY, one) };
  expect(planned(given)).toEqual(['publish', 'note-return']);
  expect(planned({ ...given, route: routeTo(one) })).not.toContain('note-return');
});

describe('an update', () => {
  const updating = container(revision(2), revision(1, { kind: 'ready' }));
  const old = instance(1);
  const next = instance(2);

  test('leaves the old one serving while the new one comes up', () => {
    const progress = probed(READY, old);
    const operations = plan(
      situation({ container: updating, instances: [old, next], route: routeTo(old), progress }),
    );
    expect(kinds(operations)).toEqual(['probe']);
  });
  test('swaps the route before it retires the old one', () => {
    const progress = probed(READY, old, next);
    const operations = plan(
      situation({ container: updating, instances: [old, next], route: routeTo(old), progress }),
    );
    expect(kinds(operations)).toEqual(['publish', 'mark-serving', 'retire']);
    expect(operations[2]).toMatchObject({ instance: old });
  });
  test('keeps an old one that ended alive meanwhile', () => {
    const ended = instance(1, EXITED);
    const operations = planned({ container: updating, instances: [ended, next], route: routeTo(ended) });
    expect(operations).toEqual(['probe', 'note-exit', 'publish']);
  });
  test('that failed goes, and the old one serves on', () => {
    const failed = container(
      revision(2, { kind: 'failed', reason: 'no such image' }),
      revision(1, { kind: 'ready' }),
    );
    const operations = plan(
      situation({
        container: failed,
        instances: [old, next],
        route: routeTo(old),
        progress: probed(READY, old),
      }),
    );
    expect(operations).toEqual([{ kind: 'retire', instance: next }]);
    expect(
      plan(
        situation({ container: failed, instances: [old], route: routeTo(old), progress: probed(READY, old) }),
      ),
    ).toEqual([{ kind: 'report', revision: 2, status: 'failed', reason: 'no such image' }]);
  });
  test('that was superseded goes before it is ready', () => {
    const superseded = container(revision(3), revision(1, { kind: 'ready' }));
    const operations = plan(
      situation({
        container: superseded,
        instances: [old, next],
        route: routeTo(old),
        progress: probed(READY, old),
      }),
    );
    expect(kinds(operations)).toEqual(['pull', 'retire']);
    expect(operations[1]).toMatchObject({ instance: next });
  });
});

describe('a deployed container', () => {
  const latest = revision(1, { kind: 'ready' });
  const deployed = container(latest, latest);
  const one = instance(1);

  test('needs nothing', () => {
    const settled = { ...deployed, status: 'deployed' as const };
    const given = { container: settled, instances: [one], route: routeTo(one), progress: probed(READY, one) };
    expect(plan(situation(given))).toEqual([]);
  });
  test('keeps its route while a new berthd asks whether it still answers', () => {
    const settled = { ...deployed, status: 'deployed' as const };
    expect(planned({ container: settled, instances: [one], route: routeTo(one) })).toEqual(['probe']);
    const progress = probed({ kind: 'probing', seen: null }, one);
    expect(planned({ container: settled, instances: [one], route: routeTo(one), progress })).toEqual([]);
  });
  test('is made again when somebody removed it', () => {
    expect(planned({ container: deployed, route: routeTo(one) })).toEqual(['pull', 'publish']);
  });
  test('starts at once after the engine or the machine was away', () => {
    const ended = instance(1, EXITED);
    expect(planned({ container: deployed, instances: [ended], watchedSince: NOW })).toEqual(['start']);
  });
  test('says exit code and last line while it waits for its next start, however often it crashed', () => {
    const ended = instance(1, EXITED);
    const exit = `${ended.id}@${NOW - 10}`;
    const progress = memory((m) => {
      for (let n = 0; n < 5; n++) m.setBack(latest, { reason: 'exited with code 1: boom', exit, now: NOW });
    });
    expect(plan(situation({ container: deployed, instances: [ended], progress }))).toEqual([
      { kind: 'wake', at: NOW + 16_000 },
      {
        kind: 'report',
        revision: 1,
        status: 'failed',
        reason: 'exited with code 1: boom; trying again in 16s',
      },
    ]);
  });
  test('that took too much disk fails for good', () => {
    const progress = probed(READY, one);
    progress.overLimit.set(one.id, 'stopped: too much');
    const operations = plan(
      situation({ container: deployed, instances: [one], route: routeTo(one), progress }),
    );
    expect(operations[0]).toMatchObject({ kind: 'fail', reason: 'stopped: too much' });
  });
  test('that failed answers no more, before its instance goes', () => {
    const failed = revision(1, { kind: 'failed', reason: 'stopped: too much' });
    const given = {
      container: container(failed, failed),
      instances: [one],
      route: routeTo(one),
      progress: probed(READY, one),
    };
    expect(plan(situation(given))).toEqual([
      { kind: 'publish', route: routeTo() },
      { kind: 'retire', instance: one },
    ]);
  });
  test('has one instance: a second goes', () => {
    const twin = instance(1, undefined, 'twin');
    const operations = plan(
      situation({
        container: deployed,
        instances: [twin, one],
        route: routeTo(one),
        progress: probed(READY, one),
      }),
    );
    expect(operations[0]).toEqual({ kind: 'retire', instance: twin });
  });
});

describe('a deleted container', () => {
  test('loses route and instances', () => {
    expect(planned({ instances: [instance(1), instance(2)] })).toEqual(['withdraw', 'retire', 'retire']);
  });
  test('needs nothing once they are gone', () => {
    expect(planned({ route: undefined })).toEqual([]);
  });
});
