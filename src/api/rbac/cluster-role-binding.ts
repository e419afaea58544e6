import { defineResource } from '../define.ts';
import type { ClusterRoleBinding } from '../schema/generated/types.ts';
import { defaultBinding } from './rbac-defaults.ts';
import { checkBinding, checkBindingUpdate } from './rbac-validation.ts';
import { roleBindingColumns } from './role-binding-columns.ts';

export const clusterRoleBindings = defineResource<ClusterRoleBinding>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  scope: 'Cluster',
  nameRule: 'path',
  columns: roleBindingColumns('ClusterRoleBinding'),
  hooks: {
    defaults: defaultBinding,
    checksRequired: true,
    validate: (binding) => checkBinding(binding, ['ClusterRole']),
    validateUpdate: checkBindingUpdate,
  },
});
