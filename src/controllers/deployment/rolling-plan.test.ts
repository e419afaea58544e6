import { expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '../../api/schema/generated/types.ts';
import { sizeAnnotations } from './deployment-annotations-plan.ts';
import { boundsOf, proportionalSizes, sizeOf } from './rolling-plan.ts';

const newDeployment = (replicas: number, maxSurge: number): Deployment => ({
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: {},
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: 1 } },
    template: { spec: { containers: [] } },
  },
});

interface Was {
  readonly replicas: number;
  readonly surge?: number;
  /** Newest first. */
  readonly sizes: readonly number[];
  /** None is of the Deployment's template. */
  readonly isStale?: boolean;
  readonly available?: readonly number[];
  /** What the sets were last sized for, where that is not `replicas`. */
  readonly sizedFor?: readonly number[];
}

function scaled(was: Was, replicas: number, surge: number): number[] {
  const sets = was.sizes.map((size, i): ReplicaSet => {
    const desired = was.sizedFor?.[i] ?? was.replicas;
    return {
      metadata: {
        name: `web-${was.sizes.length - i}`,
        creationTimestamp: new Date(Date.UTC(2026, 0, 10 - i)).toISOString(),
        annotations: sizeAnnotations(desired, desired + (was.surge ?? 0)),
      },
      spec: { replicas: size, selector: {} },
      status: { replicas: size, availableReplicas: was.available?.[i] ?? size },
    };
  });
  const deployment = newDeployment(replicas, surge);
  const current = was.isStale ? undefined : sets[0];
  const sizes = proportionalSizes(deployment, current, was.isStale ? sets : sets.slice(1), boundsOf(deployment));
  return sets.map((set) => sizes.get(set) ?? sizeOf(set));
}

/** What upstream does in these cases. Sizes from the newest set to the oldest. */
test.each<[what: string, was: Was, replicas: number, surge: number, sizes: number[]]>([
  ['one set grows alone', { replicas: 10, sizes: [10] }, 12, 0, [12]],
  ['one set shrinks alone', { replicas: 10, sizes: [10] }, 5, 0, [5]],
  ['two grow in proportion', { replicas: 5, sizes: [2, 3] }, 10, 0, [4, 6]],
  ['two shrink in proportion', { replicas: 5, sizes: [2, 3] }, 3, 0, [1, 2]],
  ['the smaller one is gone', { replicas: 9, sizes: [8, 1] }, 4, 0, [4, 0]],
  ['three grow', { replicas: 7, sizes: [2, 3, 2] }, 10, 0, [3, 4, 3]],
  ['three shrink', { replicas: 13, sizes: [2, 8, 3] }, 8, 0, [1, 5, 2]],
  ['what is left over goes to the newest', { replicas: 3, sizes: [1, 1, 1] }, 4, 0, [2, 1, 1]],
  ['what is left over is taken from the oldest', { replicas: 3, sizes: [1, 1, 1] }, 2, 0, [1, 1, 0]],
  ['without a set of the template the latest grows', { replicas: 4, sizes: [2, 2], isStale: true }, 5, 0, [3, 2]],
  ['down to nothing', { replicas: 6, sizes: [3, 2, 1] }, 0, 0, [0, 0, 0]],
  ['up from nothing', { replicas: 6, sizes: [0, 0, 0] }, 6, 0, [6, 0, 0]],
  ['one set had not been resized before', { replicas: 5, sizes: [2, 1, 1], sizedFor: [5, 3, 5] }, 5, 0, [2, 2, 1]],
  ['with pods beyond the number', { replicas: 10, surge: 2, sizes: [6, 6] }, 20, 2, [11, 11]],
  ['number and surge change at once', { replicas: 10, surge: 3, sizes: [5, 8] }, 50, 6, [22, 34]],
  ['number and template change at once', { replicas: 10, sizes: [7, 3], isStale: true }, 14, 0, [10, 4]],
  [
    'a new set of full size that is not available leaves the old alone',
    { replicas: 2, surge: 1, sizes: [2, 1], available: [0, 1] },
    2,
    1,
    [2, 1],
  ],
  ['a new set of full size that is available takes over', { replicas: 2, surge: 1, sizes: [2, 1] }, 2, 1, [2, 0]],
])('scaling in the middle of a rollout: %s', (_what, was, replicas, surge, sizes) => {
  expect(scaled(was, replicas, surge)).toEqual(sizes);
});
