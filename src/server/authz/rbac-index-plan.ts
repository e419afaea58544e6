import { effectiveRules } from '../../api/rbac/aggregation.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  RbacV1Subject,
  Role,
  RoleBinding,
  RoleRef,
} from '../../api/schema/generated/types.ts';

/** One binding as one of its subjects sees it. */
export interface Grant {
  readonly rules: readonly PolicyRule[];
  /** The role that the binding names does not exist. */
  readonly missingRole: string | undefined;
  /** `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"`, as upstream words it. */
  readonly description: string;
}

/** Grants of one scope, by who gets them. Service accounts are users. */
export interface SubjectIndex {
  readonly users: Map<string, Grant[]>;
  readonly groups: Map<string, Grant[]>;
}

export interface RbacIndex {
  readonly cluster: SubjectIndex;
  readonly namespaces: ReadonlyMap<string, SubjectIndex>;
}

export interface RbacObjects {
  readonly clusterRoles: readonly ClusterRole[];
  readonly roles: readonly Role[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roleBindings: readonly RoleBinding[];
}

type RoleLookup = (ref: RoleRef, namespace: string) => Pick<Grant, 'rules' | 'missingRole'>;

const emptyIndex = (): SubjectIndex => ({ users: new Map(), groups: new Map() });

export function roleLookup({ clusterRoles, roles }: Pick<RbacObjects, 'clusterRoles' | 'roles'>): RoleLookup {
  const cluster = new Map(clusterRoles.map((role) => [role.metadata?.name ?? '', role]));
  const local = new Map(roles.map((role) => [`${role.metadata?.namespace}/${role.metadata?.name}`, role]));
  const computed = new Map<string, readonly PolicyRule[]>();
  const clusterRules = (role: ClusterRole, name: string) => {
    const rules = computed.get(name) ?? effectiveRules(role, clusterRoles);
    computed.set(name, rules);
    return rules;
  };
  return (ref, namespace) => {
    if (ref.kind === 'ClusterRole') {
      const role = cluster.get(ref.name);
      if (role) return { rules: clusterRules(role, ref.name), missingRole: undefined };
      return { rules: [], missingRole: `clusterrole.rbac.authorization.k8s.io "${ref.name}" not found` };
    }
    const role = local.get(`${namespace}/${ref.name}`);
    if (role) return { rules: role.rules ?? [], missingRole: undefined };
    return { rules: [], missingRole: `role.rbac.authorization.k8s.io "${ref.name}" not found` };
  };
}

/** Builds the index anew: some thousand bindings take a few milliseconds, and they change rarely. */
export function buildRbacIndex(objects: RbacObjects): RbacIndex {
  const lookup = roleLookup(objects);
  const cluster = emptyIndex();
  const namespaces = new Map<string, SubjectIndex>();
  for (const binding of objects.clusterRoleBindings) {
    addBinding(cluster, binding, `ClusterRoleBinding "${binding.metadata?.name}"`, '', lookup);
  }
  for (const binding of objects.roleBindings) {
    const namespace = binding.metadata?.namespace ?? '';
    const index = namespaces.get(namespace) ?? emptyIndex();
    namespaces.set(namespace, index);
    addBinding(index, binding, `RoleBinding "${binding.metadata?.name}/${namespace}"`, namespace, lookup);
  }
  return { cluster, namespaces };
}

function addBinding(
  index: SubjectIndex,
  binding: ClusterRoleBinding | RoleBinding,
  title: string,
  namespace: string,
  lookup: RoleLookup,
): void {
  const { roleRef } = binding;
  const granted = lookup(roleRef, namespace);
  for (const subject of binding.subjects ?? []) {
    const who = `${subject.kind} "${subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject.name}"`;
    const grant = { ...granted, description: `${title} of ${roleRef.kind} "${roleRef.name}" to ${who}` };
    const [map, key] = placeOf(index, subject, namespace);
    if (!map) continue;
    const list = map.get(key);
    if (list) list.push(grant);
    else map.set(key, [grant]);
  }
}

function placeOf(index: SubjectIndex, subject: RbacV1Subject, namespace: string): [Map<string, Grant[]> | undefined, string] {
  switch (subject.kind) {
    case 'User':
      return [index.users, subject.name];
    case 'Group':
      return [index.groups, subject.name];
    case 'ServiceAccount': {
      const home = subject.namespace || namespace;
      return home ? [index.users, `system:serviceaccount:${home}:${subject.name}`] : [undefined, ''];
    }
    default:
      return [undefined, ''];
  }
}

/** Everything granted to the user for requests in the namespace ('' for cluster-wide requests): cluster bindings first, as upstream looks. */
export function* grantsFor(index: RbacIndex, user: { name: string; groups: readonly string[] }, namespace: string): Generator<Grant> {
  const scopes = namespace ? [index.cluster, index.namespaces.get(namespace)] : [index.cluster];
  for (const scope of scopes) {
    if (!scope) continue;
    yield* scope.users.get(user.name) ?? [];
    for (const group of user.groups) yield* scope.groups.get(group) ?? [];
  }
}
