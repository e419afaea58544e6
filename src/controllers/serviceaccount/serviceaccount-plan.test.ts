import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Namespace, ServiceAccount } from '../../api/schema/generated/types.ts';
import { planDefaultAccount } from './serviceaccount-plan.ts';

const DELETED = { deletionTimestamp: '2026-01-01T00:00:00Z' };
const name = fc.constantFrom('default', 'kube-system', 'a');
const active = fc
  .record({ name, labels: fc.dictionary(name, name), status: fc.constantFrom(undefined, {}, { phase: 'Active' }) })
  .map(({ status, ...metadata }): Namespace => ({ metadata, status }));
const going = fc.record({ of: active, marks: fc.constantFrom('deleted', 'terminating', 'both') }).map(
  ({ of, marks }): Namespace => ({
    metadata: { ...of.metadata, ...(marks !== 'terminating' && DELETED) },
    status: marks === 'deleted' ? of.status : { phase: 'Terminating' },
  }),
);
const account = fc
  .record({ namespace: name, deletionTimestamp: fc.constantFrom(undefined, DELETED.deletionTimestamp), token: fc.boolean() })
  .map(
    ({ token, ...metadata }): ServiceAccount => ({
      metadata: { name: 'default', ...metadata },
      automountServiceAccountToken: token,
      secrets: token ? [{ name: 'somebody-s' }] : [],
    }),
  );

test('an active namespace without a default account gets one of its own, and with it lacks nothing more', () => {
  fc.assert(
    fc.property(active, (namespace) => {
      const made = planDefaultAccount(namespace, undefined);
      expect(made?.metadata).toEqual({ name: 'default', namespace: namespace.metadata?.name });
      expect(planDefaultAccount(namespace, made)).toBeUndefined();
    }),
  );
});

test('no account is made in a namespace that is going or gone, nor in place of one that somebody has changed', () => {
  fc.assert(
    fc.property(active, going, account, (namespace, ending, existing) => {
      expect(planDefaultAccount(undefined, undefined)).toBeUndefined();
      expect(planDefaultAccount(ending, undefined)).toBeUndefined();
      expect(planDefaultAccount(namespace, existing)).toBeUndefined();
    }),
  );
});
