import { UNSET } from '../meta/cells.ts';
import type { LabelSelector, ParamKind, ParamRef } from '../schema/generated/types.ts';

export const paramKindCell = (kind: ParamKind | undefined): string => (kind ? `${kind.apiVersion}/${kind.kind}` : UNSET);

/** `namespace/name`, `*` for any namespace; a selector as Go prints it. */
export function paramRefCell(ref: ParamRef | undefined): string {
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
  return ref?.selector ? goSelector(ref.selector) : UNSET;
}

function goSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`);
  const requirements = matchExpressions.map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${requirements.join('')}},}`;
}
