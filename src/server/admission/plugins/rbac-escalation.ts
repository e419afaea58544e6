import { equalJson } from '../../../api/meta/equal-json.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { ApiError, notFound, qualifiedResource } from '../../../api/meta/status.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../../api/schema/generated/types.ts';
import { missingRules, showRule } from '../../authz/escalation-plan.ts';
import type { Rbac } from '../../authz/rbac.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../../ports.ts';
import { unknownError } from '../../registry/errors.ts';
import { isWrite } from '../request.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES = new Set(['roles', 'clusterroles']);
const BINDINGS = new Set(['rolebindings', 'clusterrolebindings']);
const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];

/**
 * Nobody gives out rights that they do not hold: writing a role needs all its rules or the verb `escalate`, writing a binding needs all rules of
 * its role or the verb `bind` on it. (Kubernetes: Using RBAC Authorization, "Privilege escalation prevention and bootstrapping".) Upstream's storage looks at it once nobody
 * changes the object any more, and before it is validated.
 */
export function rbacEscalation({ rbac, authorizer }: { rbac: Rbac; authorizer: Authorizer }): AdmissionPlugin {
  const may = async ({ request, context }: AdmissionRequest, verb: string, resource: string, name: string) => {
    const about = { group: GROUP, version: '*', resource, subresource: '', namespace: request.namespace ?? '', name };
    return (await authorizer({ user: context.user, verb, ...about })).allowed;
  };
  const requireHeld = (request: AdmissionRequest, wanted: readonly PolicyRule[], why?: string) => {
    const { user } = request.context;
    const missing = missingRules(rbac.rulesFor(user, request.request.namespace ?? '').rules, wanted);
    if (missing.length > 0) throw refusal(request, why ?? notHeld(request, missing));
  };
  const checkRole = async (request: AdmissionRequest) => {
    const { resource, name = '' } = request.request;
    if (await may(request, 'escalate', resource, request.operation === 'CREATE' ? '' : name)) return;
    const [role, old] = [request.object, request.old] as (ClusterRole | undefined)[];
    requireHeld(request, role?.rules ?? []);
    if (resource === 'clusterroles' && (aggregates(role) || aggregates(old))) requireHeld(request, EVERYTHING, NOT_ALL);
  };
  const checkBinding = async (request: AdmissionRequest) => {
    const { roleRef = { kind: '', name: '' } } = request.object as Partial<ClusterRoleBinding>;
    const resource = ROLE_KINDS[roleRef.kind];
    if (resource && (await may(request, 'bind', resource, roleRef.name))) return;
    if (resource === 'roles' && !request.request.namespace) throw new ApiError('BadRequest', 'Namespace parameter required.');
    if (!resource) throw unknownError(`unsupported role reference kind: "${roleRef.kind}"`);
    const rules = rbac.rulesOf(roleRef, request.request.namespace ?? '');
    // Upstream's storage names what the request is about.
    if (!rules) throw notFound({ plural: request.request.resource, group: GROUP }, roleRef.name);
    requireHeld(request, rules);
  };
  return {
    name: 'RBACEscalation',
    async mutate(request) {
      const { group, resource, subresource } = request.request;
      if (group !== GROUP || subresource || !isWrite(request) || !request.object) return;
      if (request.context.user.groups.includes('system:masters') || givesOutNothing(request.object, request.old)) return;
      if (ROLES.has(resource)) await checkRole(request);
      else if (BINDINGS.has(resource)) await checkBinding(request);
    },
  };
}

const NOT_ALL = 'must have cluster-admin privileges to use the aggregationRule';
const ROLE_KINDS: Readonly<Record<string, string>> = { ClusterRole: 'clusterroles', Role: 'roles' };

/** Roles that aggregate may come to grant anything. */
const aggregates = (role: ClusterRole | undefined): boolean => (role?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;

/** Nothing changes but what the garbage collector changes. */
function givesOutNothing(object: KubeObject, old: KubeObject | undefined): boolean {
  const bare = ({ metadata, ...rest }: KubeObject) => ({
    ...rest,
    metadata: { ...metadata, resourceVersion: undefined, ownerReferences: undefined, finalizers: undefined, managedFields: undefined },
  });
  return old !== undefined && equalJson(bare(object), bare(old));
}

function notHeld({ context }: AdmissionRequest, missing: readonly PolicyRule[]): string {
  const { name, groups } = context.user;
  const quoted = groups.map((each) => JSON.stringify(each)).join(' ');
  const rules = [...new Set(missing.map(showRule))].sort();
  return `user "${name}" (groups=[${quoted}]) is attempting to grant RBAC permissions not currently held:\n${rules.join('\n')}`;
}

function refusal({ request, object }: AdmissionRequest, why: string): ApiError {
  const name = object?.metadata?.name ?? '';
  return new ApiError('Forbidden', `${qualifiedResource(request.resource, request.group)} "${name}" is forbidden: ${why}`, {
    details: { name, group: request.group, kind: request.resource },
  });
}
