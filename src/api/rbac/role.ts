import { defineResource } from '../define.ts';
import type { Role } from '../schema/generated/types.ts';
import { checkRole } from './rbac-validation.ts';

export const roles = defineResource<Role>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  scope: 'Namespaced',
  nameRule: 'path',
  hooks: { checksRequired: true, validate: checkRole },
});
