import { labelSelectorMatcher } from '../meta/selectors.ts';
import type { ClusterRole, PolicyRule } from '../schema/generated/types.ts';

/**
 * The rules that a ClusterRole grants. A role with an aggregationRule grants what the roles that it selects grant, whatever its own
 * `rules` say (a controller overwrites those). Selected roles may aggregate in turn; loops end where they close.
 */
export function effectiveRules(
  role: ClusterRole,
  all: readonly ClusterRole[],
  visited: ReadonlySet<string> = new Set(),
): readonly PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (!selectors) return role.rules ?? [];
  const name = role.metadata?.name ?? '';
  const path = new Set(visited).add(name);
  const matchers = selectors.map(labelSelectorMatcher);
  const selected = all
    .filter((each) => !path.has(each.metadata?.name ?? '') && matchers.some((matches) => matches(each.metadata?.labels)))
    .sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  const seen = new Set<string>();
  return selected
    .flatMap((each) => effectiveRules(each, all, path))
    .filter((rule) => {
      const text = JSON.stringify(rule);
      return !seen.has(text) && seen.add(text);
    });
}
