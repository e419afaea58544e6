import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ControllerRevision } from '../../api/schema/generated/types.ts';
import { newControllerRevision, nextRevision, type RevisionOwner, readHistory, revisionsToPrune } from './revision-history-plan.ts';

const FLAVOUR = { apiVersion: 'apps/v1', kind: 'DaemonSet', hashLabel: 'controller-revision-hash' };

const owner = (image: string, more: { limit?: number; collisionCount?: number; name?: string } = {}) => ({
  metadata: { name: more.name ?? 'web', namespace: 'n', uid: 'u', annotations: { 'kubernetes.io/change-cause': image } },
  spec: {
    revisionHistoryLimit: more.limit,
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
  },
  ...(more.collisionCount !== undefined && { status: { collisionCount: more.collisionCount } }),
});
const revisionOf = (image: string, number: number) => newControllerRevision(owner(image), FLAVOUR, number);

/** What a controller does with the plans, over a list of templates. */
function rollThrough(images: readonly string[], limit = 10): ControllerRevision[] {
  let stored: ControllerRevision[] = [];
  for (const image of images) {
    const set = owner(image, { limit });
    const { current, old, revision } = readHistory(set, stored);
    const now = current ? { ...current, revision } : newControllerRevision(set, FLAVOUR, revision);
    const gone = revisionsToPrune(set, old, () => false);
    stored = [...stored.filter((r) => r !== current && !gone.includes(r)), now];
  }
  return stored;
}

test('a revision is named by its hash, carries it, is owned, and puts the template back as a patch', () => {
  const revision = revisionOf('a', 3);
  const hash = revision.metadata?.labels?.['controller-revision-hash'];
  expect(revision.metadata?.name).toBe(`web-${hash}`);
  expect(revision.metadata?.labels?.app).toBe('web');
  expect(revision.metadata?.annotations).toEqual({ 'kubernetes.io/change-cause': 'a' });
  expect(revision.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'DaemonSet', name: 'web', uid: 'u', controller: true });
  expect(revision.revision).toBe(3);
  expect(JSON.stringify(revision.data)).toBe(
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"image":"a","name":"c"}]}}}}',
  );
});

test('a collision count gives another name, and long names are cut', () => {
  const named = (set: RevisionOwner) => newControllerRevision(set, FLAVOUR, 1).metadata?.name;
  expect(named(owner('a', { collisionCount: 1 }))).not.toBe(named(owner('a')));
  expect(named(owner('a', { name: 'x'.repeat(253) }))?.length).toBeLessThanOrEqual(253);
});

test('the current revision is the newest of those with the template; others of the same data are duplicates', () => {
  const twin = { ...revisionOf('a', 1), metadata: { name: 'twin' } };
  const history = readHistory(owner('a'), [revisionOf('a', 4), twin, revisionOf('b', 2)]);
  expect([history.current?.revision, history.duplicates.map((r) => r.metadata?.name), history.old.map((r) => r.revision)]).toEqual([
    4,
    ['twin'],
    [2],
  ]);
  expect(history.revision).toBe(4);
});

test('a revision that an earlier version noted is that of the template without its zeros, unless there is one of the very template', () => {
  const [now, before] = [owner('a'), owner('a')];
  Object.assign(before.spec.template.spec, { hostNetwork: false });
  const noted = newControllerRevision(before, FLAVOUR, 2);
  expect(readHistory(now, [noted, revisionOf('b', 1)]).current).toBe(noted);
  expect(readHistory(now, [noted, revisionOf('a', 1)]).current?.revision).toBe(1);
  const odd = { ...noted, data: { spec: { template: { spec: 'odd' } } } } as ControllerRevision;
  expect(readHistory(now, [odd]).current).toBeUndefined();
});

test('after any sequence of templates the current one has the highest number, once each, and the history keeps to its limit', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 }), fc.nat(3), (images, limit) => {
      const stored = rollThrough(images, limit);
      const { current, old, duplicates } = readHistory(owner(images.at(-1) ?? ''), stored);
      expect(current?.revision).toBeGreaterThanOrEqual(nextRevision(old));
      expect(duplicates).toEqual([]);
      expect(old.length).toBeLessThanOrEqual(limit);
      expect(new Set(stored.map((r) => r.revision)).size).toBe(stored.length);
    }),
  );
});

test('revisions that pods still run are never pruned, and of the others the oldest go first', () => {
  const old = ['b', 'c', 'd', 'e'].map((image, i) => revisionOf(image, i + 1));
  const pruned = revisionsToPrune(owner('a', { limit: 2 }), old, (r) => r.revision === 1);
  expect(pruned.map((r) => r.revision)).toEqual([2, 3]);
  expect(revisionsToPrune(owner('a', { limit: 0 }), old, () => true)).toEqual([]);
});

test('a revision that a client numbered higher than a double counts comes last', () => {
  const huge = { ...revisionOf('a', 1), revision: (2n ** 60n) as unknown as number };
  const { old, current, revision } = readHistory(owner('b'), [huge, revisionOf('c', 2)]);
  expect(old.map((r) => r.revision)).toEqual([2, 2n ** 60n]);
  expect(current).toBeUndefined();
  expect(revision).toBe(2 ** 60);
});
