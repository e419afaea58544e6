import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from '../schema/generated/types.ts';

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
export function matchesNodeSelectorTerm(node: Node, { matchExpressions = [], matchFields = [] }: NodeSelectorTerm): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  return (
    matchExpressions.every((r) => matchesRequirement(labels[r.key], r)) &&
    matchFields.every((r) => matchesRequirement(r.key === 'metadata.name' ? node.metadata?.name : undefined, r))
  );
}

/** spec.nodeSelector and what spec.affinity.nodeAffinity requires: may a pod of this spec be on the node? */
export function fitsNodeAffinity({ nodeSelector, affinity }: Pick<PodSpec, 'nodeSelector' | 'affinity'>, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  if (!Object.entries(nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(node, term));
}
