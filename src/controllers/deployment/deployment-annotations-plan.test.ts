import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '../../api/schema/generated/types.ts';
import { countIn, currentAnnotations, DESIRED_REPLICAS, REVISION, REVISION_HISTORY } from './deployment-annotations-plan.ts';

const deployment = (annotations: Record<string, string>): Deployment => ({ metadata: { name: 'web', annotations } });
const replicaSet = (annotations?: Record<string, string | undefined>): ReplicaSet => ({
  metadata: { name: 'web-x', annotations: annotations as Record<string, string> },
});

test.each([
  { what: 'the first revision', old: undefined, next: 1n, revision: '1', history: undefined },
  { what: 'an empty one is as none', old: { [REVISION]: '' }, next: 4n, revision: '4', history: undefined },
  { what: 'one that is high enough stays', old: { [REVISION]: '5' }, next: 3n, revision: '5', history: undefined },
  { what: 'the first rollback', old: { [REVISION]: '2' }, next: 4n, revision: '4', history: '2' },
  { what: 'the second rollback', old: { [REVISION]: '4', [REVISION_HISTORY]: '1,2' }, next: 7n, revision: '7', history: '1,2,4' },
])('$what', ({ old, next, revision, history }) => {
  const annotations = currentAnnotations(deployment({}), replicaSet(old), next);
  expect(annotations[REVISION]).toBe(revision);
  expect(annotations[REVISION_HISTORY]).toBe(history);
});

test('a revision that is no number is left alone, with all that is beside it', () => {
  const old = { [REVISION]: 'seven', [REVISION_HISTORY]: '1' };
  expect(currentAnnotations(deployment({ cause: 'x' }), replicaSet(old), 9n)).toEqual(old);
});

test('the history keeps its newest 2000 characters, in whole numbers', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 1n, max: 10n ** 18n }), { minLength: 1, maxLength: 300 }), (revisions) => {
      const old = { [REVISION]: '77', [REVISION_HISTORY]: revisions.join(',') };
      const history = currentAnnotations(deployment({}), replicaSet(old), 10n ** 18n + 1n)[REVISION_HISTORY] ?? '';
      const whole = `${revisions.join(',')},77`;
      expect(history.length).toBeLessThanOrEqual(2000);
      expect(whole === history || whole.endsWith(`,${history}`)).toBe(true);
      const dropped =
        whole
          .slice(0, whole.length - history.length - 1)
          .split(',')
          .at(-1) ?? '';
      if (history !== whole) expect(history.length + dropped.length + 1).toBeGreaterThan(2000);
    }),
  );
});

test.each([
  ['3', 3],
  ['0', 0],
  ['2147483647', 2_147_483_647],
  ['2147483648', undefined],
  ['-1', undefined],
  ['3x', undefined],
  ['', undefined],
])('a size of %j is read as %j', (text, size) => {
  expect(countIn(replicaSet({ [DESIRED_REPLICAS]: text }), DESIRED_REPLICAS)).toBe(size);
});
