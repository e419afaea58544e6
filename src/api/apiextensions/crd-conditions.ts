import type { CustomResourceDefinition, CustomResourceDefinitionCondition } from '../schema/generated/types.ts';

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export type CrdConditionType =
  | 'Established'
  | 'NamesAccepted'
  | 'NonStructuralSchema'
  | 'Terminating'
  | 'KubernetesAPIApprovalPolicyConformant'
  | 'StorageMigrating';
export type CrdCondition = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime' | 'type'> & { readonly type: CrdConditionType };

export const findCrdCondition = (
  { status }: CustomResourceDefinition,
  type: CrdConditionType,
): CustomResourceDefinitionCondition | undefined => status?.conditions?.find((condition) => condition.type === type);

export const isCrdConditionTrue = (crd: CustomResourceDefinition, type: CrdConditionType): boolean =>
  findCrdCondition(crd, type)?.status === 'True';

/** The conditions with one set; the time of transition changes with the status alone. */
export function withCrdCondition(
  conditions: readonly CustomResourceDefinitionCondition[] | undefined,
  wanted: CrdCondition,
  now: string,
): CustomResourceDefinitionCondition[] {
  const before = conditions?.find(({ type }) => type === wanted.type);
  const lastTransitionTime = before?.status === wanted.status ? (before.lastTransitionTime ?? now) : now;
  const condition = { ...wanted, lastTransitionTime };
  if (!before) return [...(conditions ?? []), condition];
  return (conditions ?? []).map((each) => (each === before ? condition : each));
}
