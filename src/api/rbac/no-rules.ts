import type { ClusterRole, Role } from '../schema/generated/types.ts';

/** No rules are stored as none, and shown as null. */
export function dropNoRules(role: ClusterRole | Role): void {
  if (role.rules?.length === 0) delete role.rules;
}
