import { defineResource } from '../define.ts';
import type { RoleBinding } from '../schema/generated/types.ts';
import { defaultBinding } from './rbac-defaults.ts';
import { checkBinding, checkBindingUpdate } from './rbac-validation.ts';
import { roleBindingColumns } from './role-binding-columns.ts';

export const roleBindings = defineResource<RoleBinding>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  scope: 'Namespaced',
  nameRule: 'path',
  columns: roleBindingColumns('RoleBinding'),
  hooks: {
    defaults: defaultBinding,
    checksRequired: true,
    validate: (binding) => checkBinding(binding, ['Role', 'ClusterRole']),
    validateUpdate: checkBindingUpdate,
  },
});
