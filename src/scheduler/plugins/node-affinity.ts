import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from '../../api/schema/generated/types.ts';
import { refuse, type SchedulerPlugin } from '../framework.ts';

function matchesRequirement(value: string | undefined, { operator, values = [] }: NodeSelectorRequirement): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number.parseInt(value, 10) > Number.parseInt(values[0] ?? '', 10);
    case 'Lt':
      return value !== undefined && Number.parseInt(value, 10) < Number.parseInt(values[0] ?? '', 10);
    default:
      return false;
  }
}

/** Requirements of one term are ANDed; an empty term matches nothing. */
function matchesTerm(node: Node, { matchExpressions = [], matchFields = [] }: NodeSelectorTerm): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  return (
    matchExpressions.every((r) => matchesRequirement(labels[r.key], r)) &&
    matchFields.every((r) => matchesRequirement(r.key === 'metadata.name' ? node.metadata?.name : undefined, r))
  );
}

/** spec.nodeSelector and spec.affinity.nodeAffinity. */
export const nodeAffinity: SchedulerPlugin = {
  name: 'NodeAffinity',
  weight: 2,
  normalize: 'highest',
  filter({ pod }, { node }) {
    const labels = node.metadata?.labels ?? {};
    const selected = Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const fits = selected && (!required || required.nodeSelectorTerms.some((term) => matchesTerm(node, term)));
    return fits ? undefined : refuse("node(s) didn't match Pod's node affinity/selector", { permanent: true });
  },
  score({ pod }, { node }) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return preferred.reduce((sum, { weight, preference }) => (matchesTerm(node, preference) ? sum + weight : sum), 0);
  },
};
