import type { Pod, PodAffinityTerm } from '../schema/generated/types.ts';

type Term = Pick<PodAffinityTerm, 'labelSelector' | 'matchLabelKeys' | 'mismatchLabelKeys'>;

/** `term` may be missing: the pod has not been validated yet. */
function merge(term: Term | undefined, labels: Readonly<Record<string, string>>): void {
  const { labelSelector, matchLabelKeys, mismatchLabelKeys } = term ?? {};
  if (!term || !labelSelector || (!matchLabelKeys?.length && !mismatchLabelKeys?.length)) return;
  const requirements = (keys: readonly string[] | undefined, operator: string) =>
    (keys ?? []).flatMap((key) => {
      const value = labels[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const added = [...requirements(matchLabelKeys, 'In'), ...requirements(mismatchLabelKeys, 'NotIn')];
  if (added.length === 0) return;
  term.labelSelector = { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added] };
}

/**
 * The values that the pod's labels have now become part of the selectors of its (anti-)affinity and its spread: as its labels change, what it keeps near,
 * away from or apart does not (KEP-3633, KEP-3243). Changes the pod, which is new.
 */
export function mergeMatchLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata?.labels ?? {};
  for (const affinity of [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) merge(term, labels);
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) merge(podAffinityTerm, labels);
  }
  for (const constraint of spec?.topologySpreadConstraints ?? []) merge(constraint, labels);
}
