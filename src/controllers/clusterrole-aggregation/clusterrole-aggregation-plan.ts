import { effectiveRules } from '../../api/rbac/aggregation.ts';
import type { ClusterRole } from '../../api/schema/generated/types.ts';

const sameRules = (a: ClusterRole['rules'], b: ClusterRole['rules']) => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

/** The role with the rules of those that it selects; undefined when it has them already, when it selects none, or when it is on its way out. */
export function planAggregation(role: ClusterRole, all: readonly ClusterRole[]): ClusterRole | undefined {
  if (!role.aggregationRule || role.metadata?.deletionTimestamp) return undefined;
  const rules = [...effectiveRules(role, all)];
  return sameRules(role.rules, rules) ? undefined : { ...role, rules };
}
