import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import type { CSIDriver, CSIStorageCapacity, Node, PersistentVolumeClaim, TopologySelectorTerm } from '../../api/schema/generated/types.ts';
import { quantityValue } from '../../base/quantity.ts';

/** May a class make volumes for this node? No terms: anywhere. */
export function isAllowedTopology(terms: readonly TopologySelectorTerm[] | undefined, node: Node): boolean {
  if (!terms?.length) return true;
  const labels = node.metadata?.labels ?? {};
  return terms.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => labels[key] !== undefined && values.includes(labels[key])),
  );
}

/** KEP-1472: only drivers that say so publish how much they have left. `capacities`: those of the claim's class. */
export function hasCapacity(
  claim: PersistentVolumeClaim,
  driver: CSIDriver | undefined,
  capacities: readonly CSIStorageCapacity[],
  node: Node,
): boolean {
  const wanted = claim.spec?.resources?.requests?.storage;
  if (wanted === undefined || !driver?.spec.storageCapacity) return true;
  const bytes = quantityValue(wanted);
  return capacities.some(({ capacity, maximumVolumeSize, nodeTopology }) => {
    const limit = maximumVolumeSize ?? capacity;
    const isLarge = limit !== undefined && quantityValue(limit) >= bytes;
    return isLarge && nodeTopology !== undefined && labelSelectorMatcher(nodeTopology)(node.metadata?.labels);
  });
}
