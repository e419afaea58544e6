import { clusterRoles } from '../../api/index.ts';
import { effectiveRules } from '../../api/rbac/aggregation.ts';
import type { ClusterRole } from '../../api/schema/generated/types.ts';
import type { Controller } from '../../client/controller.ts';

const AGGREGATES = 'aggregates';
const sameRules = (a: ClusterRole['rules'], b: ClusterRole['rules']) => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

/**
 * Writes into ClusterRoles with an aggregationRule the rules of those that it selects, for people to read: the authorizer gathers them by itself.
 * (Kubernetes: Using RBAC Authorization, "Aggregated ClusterRoles".)
 */
export const clusterRoleAggregation: Controller = {
  name: 'clusterrole-aggregation-controller',
  reads: ['clusterroles.rbac.authorization.k8s.io'],
  writes: ['clusterroles.rbac.authorization.k8s.io'],
  indexes: {
    'clusterroles.rbac.authorization.k8s.io': { [AGGREGATES]: (role: ClusterRole) => (role.aggregationRule ? ['yes'] : []) },
  },
  enqueue: {
    // Any role may be one that others select, and labels say which only while it has them.
    'clusterroles.rbac.authorization.k8s.io': (_, { informer }) =>
      informer(clusterRoles)
        .by(AGGREGATES, 'yes')
        .map(({ metadata }) => metadata?.name ?? ''),
  },
  async reconcile({ key, client, informer, signal }) {
    const role = informer(clusterRoles).get(key);
    if (!role?.aggregationRule || role.metadata?.deletionTimestamp) return;
    const rules = [...effectiveRules(role, informer(clusterRoles).list())];
    if (!sameRules(role.rules, rules)) await client.update(clusterRoles, { ...role, rules }, { signal });
  },
};
