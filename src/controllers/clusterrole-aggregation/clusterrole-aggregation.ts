import { clusterRoles } from '../../api/index.ts';
import type { ClusterRole } from '../../api/schema/generated/types.ts';
import type { Controller } from '../../client/controller.ts';
import { planAggregation } from './clusterrole-aggregation-plan.ts';

const AGGREGATES = 'aggregates';

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
    const next = role && planAggregation(role, informer(clusterRoles).list());
    if (next) await client.update(clusterRoles, next, { signal });
  },
};
