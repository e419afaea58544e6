import { fillZero } from '../meta/fill.ts';
import type { RoleBinding } from '../schema/generated/types.ts';

export const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** RoleBinding and ClusterRoleBinding alike. */
export function defaultBinding(binding: RoleBinding): void {
  if (binding.roleRef) fillZero(binding.roleRef, { apiGroup: RBAC_GROUP });
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') fillZero(subject, { apiGroup: RBAC_GROUP });
  }
}
