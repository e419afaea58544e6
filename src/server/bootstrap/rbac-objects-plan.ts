import type { KubeObject } from '../../api/meta/object.ts';
import { effectiveRules } from '../../api/rbac/aggregation.ts';
import type { ClusterRole, ClusterRoleBinding, RbacV1Subject, Role, RoleBinding } from '../../api/schema/generated/types.ts';
import { CLUSTER_BINDINGS, NAMESPACED_ROLES } from './bindings-plan.ts';
import { AGGREGATE_PARTS, AGGREGATED_ROLES, CLUSTER_ROLES } from './cluster-roles-plan.ts';
import { CONTROLLER_ROLES, OPTIONAL_CONTROLLER_ROLES } from './controller-roles-plan.ts';
import { parseRule } from './rule-notation-plan.ts';

const GROUP = 'rbac.authorization.k8s.io';
const API_VERSION = `${GROUP}/v1`;
/** Set to `false` on a default role or binding to keep restarts from mending it. */
export const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

const metadata = (name: string, more: { namespace?: string; labels?: Record<string, string> } = {}) => ({
  name,
  ...(more.namespace && { namespace: more.namespace }),
  annotations: { [AUTOUPDATE]: 'true' },
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...more.labels },
});
const aggregateTo = (role: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' });

function parseSubject(text: string): RbacV1Subject {
  const [kind = '', ...rest] = text.split('/');
  if (kind === 'ServiceAccount') return { kind, namespace: rest[0], name: rest[1] ?? '' };
  return { kind, apiGroup: GROUP, name: rest.join('/') };
}

const clusterRole = (name: string, rules: readonly string[], labels?: Record<string, string>): ClusterRole => ({
  apiVersion: API_VERSION,
  kind: 'ClusterRole',
  metadata: metadata(name, { labels }),
  rules: rules.map(parseRule),
});

const clusterBinding = (name: string, role: string, subjects: readonly string[]): ClusterRoleBinding => ({
  apiVersion: API_VERSION,
  kind: 'ClusterRoleBinding',
  metadata: metadata(name),
  roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
  ...(subjects.length > 0 && { subjects: subjects.map(parseSubject) }),
});

/** admin takes edit's and edit takes view's rules, besides those of any role that carries the label. */
function aggregates(): ClusterRole[] {
  const takenBy = { view: 'edit', edit: 'admin', admin: undefined } as const;
  return (['admin', 'edit', 'view'] as const).flatMap((name) => {
    const above = takenBy[name];
    return [
      clusterRole(`system:aggregate-to-${name}`, AGGREGATE_PARTS[name], aggregateTo(name)),
      {
        ...clusterRole(name, [], above && aggregateTo(above)),
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] },
      },
    ];
  });
}

type ControllerRoles = Readonly<Record<string, readonly string[]>>;

function clusterRoles(controllers: ControllerRoles): ClusterRole[] {
  const roles = [
    ...Object.entries(CLUSTER_ROLES).map(([name, rules]) => clusterRole(name, rules)),
    ...Object.entries(controllers).map(([name, rules]) => clusterRole(`system:controller:${name}`, rules)),
    ...Object.entries(AGGREGATED_ROLES).map(([name, rules]) =>
      clusterRole(name, rules, { ...aggregateTo('admin'), ...aggregateTo('edit'), ...aggregateTo('view') }),
    ),
    ...aggregates(),
  ];
  return roles.map((role) => (role.aggregationRule ? { ...role, rules: [...effectiveRules(role, roles)] } : role));
}

function namespaced(): (Role | RoleBinding)[] {
  return Object.entries(NAMESPACED_ROLES).flatMap(([key, { rules, subjects, binding }]): (Role | RoleBinding)[] => {
    const [namespace = '', name = ''] = key.split('/');
    return [
      { apiVersion: API_VERSION, kind: 'Role', metadata: metadata(name, { namespace }), rules: rules.map(parseRule) },
      {
        apiVersion: API_VERSION,
        kind: 'RoleBinding',
        metadata: metadata(binding ?? name, { namespace }),
        roleRef: { apiGroup: GROUP, kind: 'Role', name },
        subjects: subjects.map(parseSubject),
      },
    ];
  });
}

/** All default roles and bindings, with the rules of admin, edit and view gathered. `serves`: is a kind served that is off by default? */
export function rbacObjects(serves: (resourceId: string) => boolean = () => false): KubeObject[] {
  const optional = Object.entries(OPTIONAL_CONTROLLER_ROLES).filter(([id]) => serves(id));
  const controllers: ControllerRoles = Object.assign({}, CONTROLLER_ROLES, ...optional.map(([, roles]) => roles));
  return [
    ...clusterRoles(controllers),
    ...Object.entries(CLUSTER_BINDINGS).map(([name, { role, subjects }]) => clusterBinding(name, role ?? name, subjects)),
    ...Object.keys(controllers).map((name) =>
      clusterBinding(`system:controller:${name}`, `system:controller:${name}`, [`ServiceAccount/kube-system/${name}`]),
    ),
    ...namespaced(),
  ];
}
