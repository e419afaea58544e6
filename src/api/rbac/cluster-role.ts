import { defineResource } from '../define.ts';
import type { ClusterRole } from '../schema/generated/types.ts';
import { checkClusterRole } from './rbac-validation.ts';

export const clusterRoles = defineResource<ClusterRole>({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  scope: 'Cluster',
  nameRule: 'path',
  hooks: { checksRequired: true, validate: checkClusterRole },
});
