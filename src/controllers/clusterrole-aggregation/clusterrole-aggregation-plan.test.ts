import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClusterRole, PolicyRule } from '../../api/schema/generated/types.ts';
import { planAggregation } from './clusterrole-aggregation-plan.ts';

const LABELS = ['to-a', 'to-b', 'to-c'];
const rule = fc.record<PolicyRule>({
  apiGroups: fc.constant<string[]>(['']),
  resources: fc.constantFrom('pods', 'nodes', 'secrets').map((resource) => [resource]),
  verbs: fc.constantFrom('get', 'list').map((verb) => [verb]),
});
/** Roles that grant and roles that aggregate, in any order of names, with loops and with roles that select themselves. */
const roles: fc.Arbitrary<ClusterRole[]> = fc
  .array(
    fc.record({
      labels: fc.subarray(LABELS).map((labels) => Object.fromEntries(labels.map((label) => [label, 'true']))),
      selects: fc.option(fc.subarray(LABELS), { nil: undefined, freq: 2 }),
      rules: fc.array(rule, { maxLength: 3 }),
    }),
    { maxLength: 6 },
  )
  .map((all) =>
    all.map(({ labels, selects, rules }, i) => ({
      metadata: { name: `r${i}`, labels },
      ...(selects && { aggregationRule: { clusterRoleSelectors: selects.map((label) => ({ matchLabels: { [label]: 'true' } })) } }),
      rules,
    })),
  );

const nameOf = ({ metadata }: ClusterRole) => metadata?.name ?? '';
const text = (rules: readonly PolicyRule[]) => rules.map((each) => JSON.stringify(each));
const planned = (role: ClusterRole, all: readonly ClusterRole[]) => planAggregation(role, all) ?? role;

/** The roles that a role selects, those that these select, and so on. */
function reached(from: ClusterRole, all: readonly ClusterRole[]): Set<ClusterRole> {
  const found = new Set<ClusterRole>();
  const visit = (role: ClusterRole) => {
    const labels = (role.aggregationRule?.clusterRoleSelectors ?? []).flatMap(({ matchLabels }) => Object.keys(matchLabels ?? {}));
    for (const other of all) {
      if (found.has(other) || !labels.some((label) => other.metadata?.labels?.[label])) continue;
      found.add(other);
      visit(other);
    }
  };
  visit(from);
  return found;
}

test('an aggregating role grants what the granting roles within its reach grant, each rule once, and no other role is written', () => {
  fc.assert(
    fc.property(roles, (all) => {
      for (const role of all) {
        const granting = [...reached(role, all)].filter(({ aggregationRule }) => !aggregationRule);
        const wanted = role.aggregationRule ? new Set(text(granting.flatMap(({ rules = [] }) => rules))) : text(role.rules ?? []);
        expect(text(planned(role, all).rules ?? []).sort()).toEqual([...wanted].sort());
        expect({ ...planned(role, all), rules: role.rules }).toEqual(role);
      }
    }),
  );
});

test('the order of the rules depends on the names of the roles, not on the order in which they are found', () => {
  const shuffled = roles.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
  fc.assert(
    fc.property(shuffled, ([all, other]) => {
      for (const role of all) expect(planned(role, other)).toEqual(planned(role, all));
    }),
  );
});

test('one write of each role, in any order, brings all to rest', () => {
  const turns = roles.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all.map(nameOf), { minLength: all.length })));
  fc.assert(
    fc.property(turns, ([all, order]) => {
      const settled = order.reduce<ClusterRole[]>(
        (now, name) => now.map((role) => (nameOf(role) === name ? planned(role, now) : role)),
        all,
      );
      for (const role of settled) expect(planAggregation(role, settled)).toBeUndefined();
    }),
  );
});

test('a role that is being deleted is left alone', () => {
  const leaf: ClusterRole = { metadata: { name: 'leaf', labels: { 'to-a': 'true' } }, rules: [{ verbs: ['get'], resources: ['pods'] }] };
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { 'to-a': 'true' } }] };
  const whole: ClusterRole = { metadata: { name: 'whole' }, aggregationRule };
  expect(planAggregation(whole, [leaf])?.rules).toEqual(leaf.rules);
  expect(planAggregation({ ...whole, metadata: { name: 'whole', deletionTimestamp: '2026-01-01T00:00:00Z' } }, [leaf])).toBeUndefined();
});
