import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Deployment, ReplicaSet } from '../../api/schema/generated/types.ts';
import { planRollout } from './deployment-plan.ts';
import { boundsOf, sizeOf, total } from './rolling-plan.ts';

const T0 = Date.UTC(2026, 0, 1);

function newDeployment(spec: Partial<NonNullable<Deployment['spec']>>, image = 'a'): Deployment {
  return {
    metadata: { name: 'web', namespace: 'n', uid: 'd', generation: 1 },
    spec: {
      replicas: 3,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
      ...spec,
    },
  };
}

/** Plays API server, ReplicaSet controller and kubelets: `ready(n)` of n pods that could become available do so. */
class World {
  deployment: Deployment;
  sets: ReplicaSet[] = [];
  nowMs = T0;

  constructor(deployment: Deployment) {
    this.deployment = deployment;
  }

  setImage(image: string): void {
    this.change({ template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } } });
  }

  change(spec: Partial<NonNullable<Deployment['spec']>>): void {
    const { metadata } = this.deployment;
    this.deployment = {
      ...this.deployment,
      metadata: { ...metadata, generation: (metadata?.generation ?? 0) + 1 },
      spec: { ...this.deployment.spec, ...spec } as Deployment['spec'],
    };
  }

  /** One run of the controller. Returns whether it changed anything but status. */
  step(): boolean {
    this.nowMs += 1000;
    const plan = planRollout({
      deployment: this.deployment,
      replicaSets: this.sets,
      hasOldPods: (old) => old.some((rs) => (rs.status?.replicas ?? 0) > 0),
      nowMs: this.nowMs,
    });
    for (const step of plan.steps) {
      if (step.do === 'create') {
        const metadata = {
          ...step.replicaSet.metadata,
          uid: step.replicaSet.metadata?.name,
          generation: 1,
          creationTimestamp: new Date(this.nowMs).toISOString(),
        };
        this.sets.push({ ...step.replicaSet, metadata });
      } else if (step.do === 'delete') this.sets = this.sets.filter((rs) => rs !== step.replicaSet);
      else this.sets = this.sets.map((rs) => (rs === step.was ? step.replicaSet : rs));
    }
    if (plan.revision) {
      const { metadata } = this.deployment;
      this.deployment = {
        ...this.deployment,
        metadata: { ...metadata, annotations: { ...metadata?.annotations, 'deployment.kubernetes.io/revision': plan.revision } },
      };
    }
    if (plan.status) this.deployment = { ...this.deployment, status: plan.status };
    return plan.steps.length > 0;
  }

  /** ReplicaSets reach their sizes; the fraction `luck` of what is missing becomes available. */
  breathe(luck: number, broken: (rs: ReplicaSet) => boolean = () => false): void {
    this.sets = this.sets.map((rs) => {
      const size = sizeOf(rs);
      const had = Math.min(rs.status?.availableReplicas ?? 0, size);
      const available = broken(rs) ? 0 : had + Math.ceil((size - had) * luck);
      return {
        ...rs,
        status: { replicas: size, availableReplicas: available, readyReplicas: available, observedGeneration: rs.metadata?.generation },
      };
    });
  }

  settle(): void {
    for (let i = 0; i < 200; i += 1) {
      const changed = this.step();
      this.breathe(1);
      if (!changed && !this.step()) return;
    }
    throw new Error('does not settle');
  }

  get available(): number {
    return total(this.sets, (rs) => Math.min(rs.status?.availableReplicas ?? 0, sizeOf(rs)));
  }
  image(rs: ReplicaSet): string | undefined {
    return rs.spec?.template?.spec?.containers[0]?.image;
  }
  reason(type: string): string | undefined {
    return this.deployment.status?.conditions?.find((c) => c.type === type)?.reason;
  }
  get active(): Record<string, number> {
    return Object.fromEntries(this.sets.filter((rs) => sizeOf(rs) > 0).map((rs) => [this.image(rs), sizeOf(rs)]));
  }
}

const limit = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.integer({ min: 0, max: 100 }).map((n) => `${n}%`),
);

test('a rollout never has more pods than the surge allows nor fewer available than the minimum, and it ends', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12 }),
      limit,
      limit,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 30 }),
      fc.array(fc.nat(4), { maxLength: 6 }),
      (replicas, maxSurge, maxUnavailable, lucks, edits) => {
        const world = new World(
          newDeployment({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } }),
        );
        world.settle();
        const { surge, unavailable } = boundsOf(world.deployment);
        const pending = [...edits];
        for (const [i, luck] of lucks.entries()) {
          if (i % 5 === 0 && pending.length > 0) world.setImage(`v${pending.pop()}`);
          world.step();
          expect(total(world.sets, sizeOf)).toBeLessThanOrEqual(replicas + surge);
          expect(world.available).toBeGreaterThanOrEqual(replicas - unavailable);
          world.breathe(luck);
        }
        world.setImage('final');
        world.settle();
        expect(world.active).toEqual(replicas > 0 ? { final: replicas } : {});
        expect(world.reason('Progressing')).toBe('NewReplicaSetAvailable');
        expect(world.reason('Available')).toBe('MinimumReplicasAvailable');
      },
    ),
    { numRuns: 200 },
  );
});

test('the sum of sizes after scaling in the middle of a rollout is the new number and its surge', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 1, max: 6 }),
      (before, after, progress) => {
        const world = new World(newDeployment({ replicas: before }));
        world.settle();
        world.setImage('b');
        for (let i = 0; i < progress; i += 1) {
          world.step();
          world.breathe(0.5);
        }
        const wasMixed = Object.keys(world.active).length > 1;
        world.change({ replicas: after });
        world.step();
        const { surge } = boundsOf(world.deployment);
        if (wasMixed && after > 0 && after !== before) expect(total(world.sets, sizeOf)).toBe(after + surge);
        world.settle();
        expect(world.active).toEqual(after > 0 ? { b: after } : {});
      },
    ),
  );
});

test('Recreate makes no new pod before the last old one is gone', () => {
  const world = new World(newDeployment({ strategy: { type: 'Recreate' } }));
  world.settle();
  world.setImage('b');
  world.step();
  expect(world.active).toEqual({});
  world.step();
  expect(world.sets.length).toBe(1);
  world.breathe(1);
  world.settle();
  expect(world.active).toEqual({ b: 3 });
});

test('revisions count up, and going back to an old template makes it the newest revision and keeps its history', () => {
  const world = new World(newDeployment({}));
  world.settle();
  world.setImage('b');
  world.settle();
  world.setImage('a');
  world.settle();
  const revision = (image: string) => world.sets.find((rs) => world.image(rs) === image)?.metadata?.annotations;
  expect(revision('a')).toMatchObject({ 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' });
  expect(revision('b')?.['deployment.kubernetes.io/revision']).toBe('2');
  expect(world.deployment.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  expect(world.sets.length).toBe(2);
});

test('a paused deployment scales but does not roll out; resumed, it does', () => {
  const world = new World(newDeployment({}));
  world.settle();
  world.change({ paused: true });
  world.setImage('b');
  world.change({ replicas: 5 });
  world.settle();
  expect(world.active).toEqual({ a: 5 });
  expect(world.reason('Progressing')).toBe('DeploymentPaused');
  world.change({ paused: false });
  world.settle();
  expect(world.active).toEqual({ b: 5 });
});

test('old replica sets beyond the history limit go, the oldest first', () => {
  const world = new World(newDeployment({ revisionHistoryLimit: 2 }));
  for (const image of ['a', 'b', 'c', 'd', 'e']) {
    world.setImage(image);
    world.settle();
  }
  expect(world.sets.map((rs) => world.image(rs))).toEqual(['c', 'd', 'e']);
});

/** The image `a` runs; the rollout of another hangs. */
function pastDeadline(): World {
  const world = new World(newDeployment({ progressDeadlineSeconds: 10 }));
  world.settle();
  world.setImage('broken');
  for (let i = 0; i < 30; i += 1) {
    world.step();
    world.breathe(1, (rs) => world.image(rs) === 'broken');
  }
  expect(world.reason('Progressing')).toBe('ProgressDeadlineExceeded');
  return world;
}

test('a rollout that stands still past its deadline says so, and recovers', () => {
  const world = pastDeadline();
  expect(world.available).toBe(3);
  world.setImage('b');
  world.settle();
  expect(world.reason('Progressing')).toBe('NewReplicaSetAvailable');
});

test('revisions count on from the largest that upstream could have given, to the last digit', () => {
  const world = new World(newDeployment({ replicas: 0 }));
  world.settle();
  world.sets = world.sets.map((rs) => ({
    ...rs,
    metadata: { ...rs.metadata, annotations: { ...rs.metadata?.annotations, 'deployment.kubernetes.io/revision': '3546343826724305832' } },
  }));
  world.setImage('b');
  world.settle();
  const current = world.sets.find((rs) => world.image(rs) === 'b');
  expect(current?.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3546343826724305833');
});

test('fields that a Go client writes as {} or null make no new revision', () => {
  const world = new World(newDeployment({}));
  world.settle();
  const template = {
    metadata: { labels: { app: 'web' }, creationTimestamp: null as never },
    spec: { containers: [{ name: 'c', image: 'a', resources: {} }] },
  };
  world.change({ template });
  world.settle();
  expect(world.sets.length).toBe(1);
});

test('what a paused deployment says of itself reaches its replica set, and so does a rollback of its template', () => {
  const world = new World(newDeployment({}));
  world.settle();
  world.setImage('b');
  world.settle();
  world.change({ paused: true, minReadySeconds: 7 });
  world.deployment.metadata = {
    ...world.deployment.metadata,
    annotations: { ...world.deployment.metadata?.annotations, cause: 'because' },
  };
  world.settle();
  const current = () => world.sets.find((rs) => world.image(rs) === world.deployment.spec?.template.spec?.containers[0]?.image);
  expect(current()?.metadata?.annotations?.cause).toBe('because');
  expect(current()?.spec?.minReadySeconds).toBe(7);
  world.setImage('a');
  world.settle();
  expect(current()?.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  expect(world.deployment.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  expect(world.active).toEqual({ b: 3 });
});

test('Recreate waits until each old replica set has heard that it is to have no pods: some may be under way', () => {
  const world = new World(newDeployment({ strategy: { type: 'Recreate' } }));
  world.settle();
  world.setImage('b');
  world.step();
  world.sets = world.sets.map((rs) => ({
    ...rs,
    metadata: { ...rs.metadata, generation: 2 },
    status: { replicas: 0, observedGeneration: 1 },
  }));
  world.step();
  expect(world.sets.length).toBe(1);
  world.breathe(1);
  world.settle();
  expect(world.active).toEqual({ b: 3 });
});

test('a rollback past the deadline never shows the newest generation together with the old verdict', () => {
  const world = pastDeadline();
  world.setImage('a');
  world.step();
  expect(world.deployment.status?.observedGeneration).toBe(world.deployment.metadata?.generation);
  expect(world.reason('Progressing')).toBe('ReplicaSetUpdated');
  world.settle();
  expect(world.reason('Progressing')).toBe('NewReplicaSetAvailable');
});

test('a deployment that is scaled is not judged by its progress meanwhile', () => {
  const world = new World(newDeployment({ progressDeadlineSeconds: 10 }));
  world.settle();
  world.setImage('broken');
  for (let i = 0; i < 5; i += 1) {
    world.step();
    world.breathe(1, (rs) => world.image(rs) === 'broken');
  }
  world.nowMs += 60_000;
  world.change({ replicas: 6 });
  world.step();
  expect(world.reason('Progressing')).toBe('ReplicaSetUpdated');
  world.step();
  expect(world.reason('Progressing')).toBe('ProgressDeadlineExceeded');
});

test('replica sets of one revision go oldest first', () => {
  const world = new World(newDeployment({ revisionHistoryLimit: 1 }));
  const old = ['z', 'y'].map((name, i): ReplicaSet => {
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: name }] } };
    const metadata = { name, uid: name, creationTimestamp: new Date(T0 - 1000 * (2 - i)).toISOString(), generation: 1 };
    return { metadata, spec: { replicas: 0, selector: {}, template }, status: { replicas: 0, observedGeneration: 1 } };
  });
  world.sets = [...old].reverse();
  world.settle();
  expect(world.sets.map((rs) => world.image(rs)).sort()).toEqual(['a', 'y']);
});

const ROLLBACK_TO = 'deprecated.deployment.rollback.to';

describe('a request to roll back', () => {
  const three = (): World => {
    const world = new World(newDeployment({}));
    for (const image of ['a', 'b', 'c']) {
      world.setImage(image);
      const { metadata } = world.deployment;
      world.deployment = { ...world.deployment, metadata: { ...metadata, annotations: { ...metadata?.annotations, cause: image } } };
      world.settle();
    }
    return world;
  };
  const ask = (world: World, revision: string) => {
    const { metadata } = world.deployment;
    const annotations = { ...metadata?.annotations, [ROLLBACK_TO]: revision };
    world.deployment = { ...world.deployment, metadata: { ...metadata, annotations } };
    return planRollout({ deployment: world.deployment, replicaSets: world.sets, hasOldPods: () => false, nowMs: world.nowMs }).rollback;
  };
  const imageOf = ({ spec }: Deployment) => spec?.template.spec?.containers[0]?.image;

  it.each([
    ['1', 'a'],
    ['0', 'b'],
  ])('for %s brings back template and annotations of that time, and is not asked again', (revision, image) => {
    const rollback = ask(three(), revision);
    const number = revision === '0' ? 2 : 1;
    const message = `Rolled back deployment "web" to revision ${number}`;
    expect(rollback).toMatchObject({ type: 'Normal', reason: 'DeploymentRollback', message });
    expect(rollback && imageOf(rollback.deployment)).toBe(image);
    expect(rollback?.deployment.metadata?.annotations).toEqual({ cause: image, 'deployment.kubernetes.io/revision': '3' });
    expect(rollback?.deployment.spec?.template.metadata?.labels).toEqual({ app: 'web' });
  });

  it.each([
    ['9', 'DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.'],
    ['3', 'DeploymentRollbackTemplateUnchanged', 'The rollback revision contains the same template as current deployment "web"'],
  ])('for %s that cannot be met is told and forgotten', (revision, reason, message) => {
    const rollback = ask(three(), revision);
    expect(rollback).toMatchObject({ type: 'Warning', reason, message });
    expect(rollback && imageOf(rollback.deployment)).toBe('c');
    expect(rollback?.deployment.metadata?.annotations).toEqual({ cause: 'c', 'deployment.kubernetes.io/revision': '3' });
  });

  it('has nothing to go back to when there was one template ever', () => {
    const world = new World(newDeployment({}));
    world.settle();
    const message = 'Unable to find last revision.';
    expect(ask(world, '0')).toMatchObject({ reason: 'DeploymentRollbackRevisionNotFound', message });
  });

  it('waits while the deployment is paused, and is no request when it is no number', () => {
    const world = three();
    expect(ask(world, 'two')).toBeUndefined();
    world.change({ paused: true });
    expect(ask(world, '1')).toBeUndefined();
  });

  it('lets a template that is new have its revision first', () => {
    const world = three();
    world.setImage('d');
    expect(ask(world, '0')).toBeUndefined();
    world.step();
    expect(ask(world, '0')).toMatchObject({ message: 'Rolled back deployment "web" to revision 3' });
  });
});
