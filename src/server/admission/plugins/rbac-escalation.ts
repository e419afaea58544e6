import type { KubeObject } from '../../../api/meta/object.ts';
import { ApiError, notFound, qualifiedResource } from '../../../api/meta/status.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../../api/schema/generated/types.ts';
import { missingRules, showRule } from '../../authz/escalation-plan.ts';
import type { Rbac } from '../../authz/rbac.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../../ports.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = new Set(['roles', 'clusterroles']);
const BINDINGS = new Set(['rolebindings', 'clusterrolebindings']);
const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

/**
 * Nobody gives out rights that they do not hold: writing a role needs all its rules or the verb `escalate`, writing a binding needs all rules of
 * its role or the verb `bind` on it. (Kubernetes: Using RBAC Authorization, "Privilege escalation prevention and bootstrapping".)
 */
export function rbacEscalation({ rbac, authorizer }: { rbac: Rbac; authorizer: Authorizer }): AdmissionPlugin {
  const may = async (request: AdmissionRequest, verb: string, resource: string, name: string) => {
    const namespace = resource === 'clusterroles' ? '' : (request.request.namespace ?? '');
    const about = { group: GROUP, version: 'v1', resource, subresource: '', namespace, name };
    return (await authorizer({ user: request.context.user, verb, ...about })).allowed;
  };
  const requireHeld = (request: AdmissionRequest, wanted: readonly PolicyRule[]) => {
    const { user } = request.context;
    const missing = missingRules(rbac.rulesFor(user, request.request.namespace ?? '').rules, wanted);
    if (missing.length > 0) throw refusal(request, missing);
  };
  return {
    name: 'RBACEscalation',
    async validate(request) {
      const { group, resource, subresource } = request.request;
      if (group !== GROUP || subresource || (request.operation !== 'CREATE' && request.operation !== 'UPDATE') || !request.object) return;
      if (request.context.user.groups.includes('system:masters')) return;
      const name = request.object.metadata?.name ?? '';
      if (ROLES.has(resource)) {
        const wanted = grantedBy(request.object, request.old);
        if (wanted.length > 0 && !(await may(request, 'escalate', resource, name))) requireHeld(request, wanted);
      } else if (BINDINGS.has(resource)) {
        const { roleRef, subjects } = request.object as ClusterRoleBinding;
        if (JSON.stringify((request.old as ClusterRoleBinding | undefined)?.subjects) === JSON.stringify(subjects)) return;
        if (await may(request, 'bind', roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles', roleRef.name)) return;
        const rules = rbac.rulesOf(roleRef, request.request.namespace ?? '');
        if (!rules) throw notFound({ plural: roleRef.kind.toLowerCase(), group: GROUP }, roleRef.name);
        requireHeld(request, rules);
      }
    },
  };
}

/** The rules that this write gives out. Roles that aggregate may come to grant anything; unchanged ones give out nothing new. */
function grantedBy(object: ClusterRole, old: ClusterRole | undefined): readonly PolicyRule[] {
  if (object.aggregationRule && JSON.stringify(object.aggregationRule) !== JSON.stringify(old?.aggregationRule)) return EVERYTHING;
  return JSON.stringify(object.rules) === JSON.stringify(old?.rules) ? [] : (object.rules ?? []);
}

function refusal(
  { request, object, context }: AdmissionRequest & { object: KubeObject | undefined },
  missing: readonly PolicyRule[],
): ApiError {
  const name = object?.metadata?.name ?? '';
  const { user } = context;
  const groups = user.groups.map((each) => JSON.stringify(each)).join(' ');
  const subject = `${qualifiedResource(request.resource, request.group)} "${name}" is forbidden`;
  const why = `user "${user.name}" (groups=[${groups}]) is attempting to grant RBAC permissions not currently held`;
  return new ApiError('Forbidden', `${subject}: ${why}:\n${missing.map(showRule).join('\n')}`, {
    details: { name, group: request.group, kind: request.resource },
  });
}
