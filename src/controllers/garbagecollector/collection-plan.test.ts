import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import { type OwnerState, planCollection } from './collection-plan.ts';

const object = (uid: string, metadata: KubeObject['metadata'] = {}): KubeObject => ({ metadata: { name: uid, uid, ...metadata } });
const dependent = (uid: string, owner: string, blockOwnerDeletion: boolean, metadata: KubeObject['metadata'] = {}) =>
  object(uid, { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: owner, uid: owner, blockOwnerDeletion }], ...metadata });
const deleting = (...finalizers: string[]) => ({ deletionTimestamp: 'now', finalizers });

test('an object is deleted if and only if it has owners and none of them is present or unknown', () => {
  const state = fc.constantFrom<OwnerState>('present', 'absent', 'waiting', 'unknown');
  fc.assert(
    fc.property(fc.array(state, { maxLength: 5 }), fc.boolean(), (states, hasDependents) => {
      const owners = new Map(states.map((s, i) => [`o${i}`, s]));
      const plan = planCollection(object('x'), owners, () => (hasDependents ? [dependent('d', 'x', true)] : []));
      const isKept = states.length === 0 || states.some((s) => s === 'present' || s === 'unknown');
      expect(plan.do === 'delete').toBe(!isKept);
      if (plan.do === 'drop-owners') expect(plan.uids.every((uid) => ['absent', 'waiting'].includes(owners.get(uid) ?? ''))).toBe(true);
    }),
  );
});

test('an object that goes already is left alone', () => {
  expect(planCollection(object('x', deleting()), new Map([['o', 'absent']]), () => [])).toEqual({ do: 'nothing' });
});

test('foreground: the owner stays until no dependent blocks it', () => {
  const owner = object('x', deleting('foregroundDeletion'));
  expect(planCollection(owner, new Map(), () => [dependent('d', 'x', true)])).toEqual({ do: 'nothing' });
  expect(planCollection(owner, new Map(), () => [dependent('d', 'x', false)])).toEqual({
    do: 'remove-finalizer',
    finalizer: 'foregroundDeletion',
  });
});

test('foreground goes down the tree, and a circle of foreground deletions is broken', () => {
  const plan = (child: KubeObject) => planCollection(object('x'), new Map([['o', 'waiting']]), () => [child]);
  expect(plan(dependent('d', 'x', true))).toEqual({ do: 'delete', policy: 'Foreground', unblock: false });
  expect(plan(dependent('d', 'x', true, deleting('foregroundDeletion')))).toEqual({ do: 'delete', policy: 'Foreground', unblock: true });
});

test('orphaning: the dependents lose the owner first, then the owner goes', () => {
  const owner = object('x', deleting('orphan'));
  expect(planCollection(owner, new Map(), () => [dependent('d', 'x', true)]).do).toBe('orphan');
  expect(planCollection(owner, new Map(), () => [])).toEqual({ do: 'remove-finalizer', finalizer: 'orphan' });
});
