import { describe, expect, test } from 'vitest';
import type { Revision } from '../../src/domain/container.ts';
import type { GpuHolding } from '../../src/domain/gpu.ts';
import { Memory } from '../../src/reconcile/memory.ts';
import { plan } from '../../src/reconcile/plan.ts';
import { type ContainerGpus, type Probe, runKey, type Situation } from '../../src/reconcile/situation.ts';
import { held } from '../schedule/gpus.ts';
import { container, EXITED, ID, instance, NOW, revision, routeTo, situation } from './situations.ts';

const READY: Probe = { kind: 'ready', since: NOW - 500 };

/** A revision that wants a GPU. */
function onGpu(number: number, outcome: Revision['outcome'] = { kind: 'pending' }): Revision {
  const made = revision(number, outcome);
  return { ...made, spec: { ...made.spec, gpu: 1 } };
}

function holding(number: number, more: Partial<GpuHolding> = {}): GpuHolding {
  return held(ID, ['GPU-0'], { revision: number, ...more });
}

function gpus(holdings: readonly GpuHolding[], more: Partial<ContainerGpus> = {}): ContainerGpus {
  return {
    holdings: new Map(holdings.map((one) => [one.revision, one])),
    lost: new Map(),
    waiting: new Map(),
    ...more,
  };
}

function on(number: number, state?: Parameters<typeof instance>[1], id?: string) {
  return { ...instance(number, state, id), gpus: ['GPU-0'] };
}

function memory(fill: (memory: Memory) => void = () => undefined): Memory {
  const made = new Memory();
  fill(made);
  return made;
}

const PULLED = (made: Memory) => {
  for (const number of [1, 2]) made.pulls.set(number, { kind: 'pulled' });
};

function planned(given: Partial<Situation>): string[] {
  return plan(situation(given)).map((operation) =>
    'instance' in operation ? `${operation.kind} ${operation.instance.id}` : operation.kind,
  );
}

describe('a revision that wants a GPU', () => {
  const fresh = container(onGpu(1));

  test('has its image pulled while it waits, is not made, and says why', () => {
    const waiting = gpus([], { waiting: new Map([[1, 'waiting for a free GPU, 1st in line']]) });
    expect(planned({ container: fresh, gpus: waiting })).toEqual(['pull']);
    expect(plan(situation({ container: fresh, gpus: waiting, progress: memory(PULLED) }))).toEqual([
      { kind: 'report', revision: 1, status: 'deploying', reason: 'waiting for a free GPU, 1st in line' },
    ]);
  });
  test('and has served, and lost its GPU, waits and says so, though a later one failed', () => {
    const failed = container(
      onGpu(2, { kind: 'failed', reason: 'no such image' }),
      onGpu(1, { kind: 'ready' }),
    );
    const waiting = gpus([], { waiting: new Map([[1, 'waiting for a free GPU, 1st in line']]) });
    expect(plan(situation({ container: failed, gpus: waiting, progress: memory(PULLED) }))).toEqual([
      {
        ...{ kind: 'report', revision: 2, status: 'failed' },
        reason: 'no such image; revision 1 is waiting for a free GPU, 1st in line',
      },
    ]);
  });
  test('is made with what it holds', () => {
    const operations = plan(
      situation({ container: fresh, gpus: gpus([holding(1)]), progress: memory(PULLED) }),
    );
    expect(operations).toMatchObject([{ kind: 'create', gpus: ['GPU-0'] }]);
  });
  test('is not started before it is known what it holds', () => {
    const instances = [on(1, { kind: 'created' })];
    expect(planned({ container: fresh, instances, gpus: gpus([]) })).not.toContain('start i1');
  });
  test('is not made again while an instance of it is on its way out', () => {
    const progress = memory((made) => {
      PULLED(made);
      made.retiring.add('i1');
    });
    expect(
      planned({ container: fresh, instances: [on(1)], gpus: gpus([holding(1)]), progress }),
    ).not.toContain('create');
  });
  test('whose instance sits on another device than it holds is made anew', () => {
    const wrong = { ...instance(1), gpus: ['GPU-7'] };
    expect(planned({ container: fresh, instances: [wrong], gpus: gpus([holding(1)]) })).toContain(
      'retire i1',
    );
  });
});

describe('an update that takes over the card', () => {
  const updating = container(onGpu(2), onGpu(1, { kind: 'ready' }));
  const both = gpus([holding(1), holding(2, { handover: true })]);
  const old = on(1);
  const serving = (made: Memory) => made.probes.set(runKey(old) ?? '', READY);

  test('leaves the old one alone until the new image is here', () => {
    const progress = memory(serving);
    const given = { container: updating, instances: [old], route: routeTo(old), gpus: both, progress };
    expect(planned(given)).toEqual(['pull']);
  });
  test('then takes its route away, stops it, and keeps its holding', () => {
    const progress = memory((made) => {
      serving(made);
      PULLED(made);
    });
    const given = { container: updating, instances: [old], route: routeTo(old), gpus: both, progress };
    const operations = plan(situation(given));
    expect(operations.map(({ kind }) => kind)).toEqual(['publish', 'retire']);
    expect(operations[0]).toMatchObject({ route: { upstreams: [] } });
  });
  test('says what it waits for while the old one stops', () => {
    const progress = memory((made) => {
      PULLED(made);
      made.retiring.add(old.id);
    });
    const given = { container: updating, instances: [old], gpus: both, progress };
    expect(plan(situation(given))).toContainEqual(
      expect.objectContaining({ kind: 'report', reason: expect.stringContaining('it has the GPU') }),
    );
  });
  test('is made once the old one is gone', () => {
    const given = { container: updating, gpus: both, progress: memory(PULLED) };
    expect(planned(given)).toEqual(['create']);
  });
  test('also where the old one took it over once, and the new one would fit beside it', () => {
    const shares = gpus([holding(1, { handover: true, memoryBytes: 10 }), holding(2, { memoryBytes: 4 })]);
    const progress = memory((made) => {
      serving(made);
      PULLED(made);
    });
    const given = { container: updating, instances: [old], route: routeTo(old), gpus: shares, progress };
    expect(planned(given)).toEqual(['publish', 'retire i1']);
  });
  test('that failed is taken away before the old one is made again on the card', () => {
    const failed = container(
      onGpu(2, { kind: 'failed', reason: 'never answered' }),
      onGpu(1, { kind: 'ready' }),
    );
    const progress = memory(PULLED);
    expect(planned({ container: failed, instances: [on(2)], gpus: both, progress })).toEqual(['retire i2']);
    expect(planned({ container: failed, gpus: both, progress })).toEqual(['create', 'release-gpus']);
  });
  test('that failed frees nothing that the old one holds', () => {
    const failed = container(
      onGpu(2, { kind: 'failed', reason: 'never answered' }),
      onGpu(1, { kind: 'ready' }),
    );
    const operations = plan(situation({ container: failed, gpus: both, progress: memory(PULLED) }));
    expect(operations.filter(({ kind }) => kind === 'release-gpus')).toMatchObject([
      { revision: 2, again: false },
    ]);
  });
});

test('a failed update says also why the one before it does not serve', () => {
  const failed = container(
    onGpu(2, { kind: 'failed', reason: 'never answered' }),
    onGpu(1, { kind: 'ready' }),
  );
  const progress = memory((made) =>
    made.setBack(revision(1), { reason: 'the toolkit is missing', now: NOW }),
  );
  expect(plan(situation({ container: failed, gpus: gpus([holding(1)]), progress }))).toContainEqual({
    kind: 'report',
    revision: 2,
    status: 'failed',
    reason: 'never answered; revision 1, trying again: the toolkit is missing',
  });
});

describe('what a container holds', () => {
  test('is freed once it is deleted and no instance is left', () => {
    const gone = { container: undefined, route: undefined, gpus: gpus([holding(1)]) };
    expect(planned({ ...gone, instances: [on(1, EXITED)] })).toEqual(['retire i1']);
    expect(planned(gone)).toEqual(['release-gpus']);
  });
  test('and lost is freed once the instance is gone, and it waits for another', () => {
    const lost = gpus([holding(1)], { lost: new Map([[1, 'GPU 0 fell off the bus']]) });
    const deployed = container(onGpu(1, { kind: 'ready' }), onGpu(1, { kind: 'ready' }));
    const one = on(1);
    expect(planned({ container: deployed, instances: [one], route: routeTo(one), gpus: lost })).toEqual([
      'pull',
      'publish',
      'retire i1',
    ]);
    expect(plan(situation({ container: deployed, gpus: lost, progress: memory(PULLED) }))).toMatchObject([
      { kind: 'release-gpus', again: true },
    ]);
  });
  test('is kept while its program crashes and is started again', () => {
    const deployed = container(onGpu(1, { kind: 'ready' }), onGpu(1, { kind: 'ready' }));
    expect(planned({ container: deployed, instances: [on(1, EXITED)], gpus: gpus([holding(1)]) })).toEqual([
      'note-exit i1',
    ]);
  });
});

test('an instance that lost its card is a setback, and another is made in its place', () => {
  const deployed = container(onGpu(1, { kind: 'ready' }), onGpu(1, { kind: 'ready' }));
  const one = on(1);
  const progress = memory((made) => {
    made.probes.set(runKey(one) ?? '', READY);
    made.gpuFaults.set('i1', 'NVML: Unknown Error');
  });
  const given = { container: deployed, instances: [one], route: routeTo(one), gpus: gpus([holding(1)]) };
  expect(planned({ ...given, progress })).toEqual(['note-setback', 'publish', 'retire i1']);
});
