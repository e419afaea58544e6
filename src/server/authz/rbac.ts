import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef } from '../../api/schema/generated/types.ts';
import { goAggregate } from '../../base/go-aggregate.ts';
import type { AuthorizationAttributes, AuthorizationDecision, ObjectReader, UserInfo } from '../ports.ts';
import { buildRbacIndex, grantsFor, type RbacIndex, roleLookup } from './rbac-index-plan.ts';
import { type RuleRequest, ruleAllows } from './rules-plan.ts';

const GROUP = 'rbac.authorization.k8s.io';
const RESOURCES = ['clusterroles', 'roles', 'clusterrolebindings', 'rolebindings'].map((plural) => `${plural}.${GROUP}`);

export interface UserRules {
  readonly rules: readonly PolicyRule[];
  /** Roles that bindings name and that do not exist. */
  readonly errors: readonly string[];
}

/** Role-based access control over the stored roles and bindings. Every decision is synchronous. */
export interface Rbac extends Disposable {
  authorize(attributes: AuthorizationAttributes): AuthorizationDecision;
  /** All rules that apply to the user in the namespace; cluster-wide ones alone when it is ''. */
  rulesFor(user: UserInfo, namespace: string): UserRules;
  /** The rules of the role that a binding names; undefined when there is no such role. */
  rulesOf(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
}

export function openRbac(reader: ObjectReader): Rbac {
  let index: RbacIndex | undefined;
  const listeners = RESOURCES.map((resource) =>
    reader.onChange(resource, () => {
      index = undefined;
    }),
  );
  const roleObjects = () => ({
    clusterRoles: reader.list<ClusterRole>(`clusterroles.${GROUP}`),
    roles: reader.list<Role>(`roles.${GROUP}`),
  });
  const current = (): RbacIndex => {
    index ??= buildRbacIndex({
      ...roleObjects(),
      clusterRoleBindings: reader.list<ClusterRoleBinding>(`clusterrolebindings.${GROUP}`),
      roleBindings: reader.list<RoleBinding>(`rolebindings.${GROUP}`),
    });
    return index;
  };
  return {
    authorize: (attributes) => decide(current(), attributes),
    rulesFor(user, namespace) {
      const grants = [...grantsFor(current(), user, namespace)];
      return { rules: grants.flatMap((grant) => grant.rules), errors: grants.flatMap((grant) => grant.missingRole ?? []) };
    },
    rulesOf(ref, namespace) {
      const found = roleLookup(roleObjects())(ref, namespace);
      return found.missingRole === undefined ? found.rules : undefined;
    },
    [Symbol.dispose]() {
      for (const listener of listeners) listener[Symbol.dispose]();
    },
  };
}

function decide(index: RbacIndex, attributes: AuthorizationAttributes): AuthorizationDecision {
  const request: RuleRequest = attributes;
  const namespace = attributes.path === undefined ? attributes.namespace : '';
  const errors: string[] = [];
  for (const grant of grantsFor(index, attributes.user, namespace)) {
    if (grant.missingRole !== undefined) errors.push(grant.missingRole);
    for (const rule of grant.rules) {
      if (ruleAllows(rule, request)) return { allowed: true, reason: `RBAC: allowed by ${grant.description}` };
    }
  }
  return { allowed: false, reason: errors.length === 0 ? '' : `RBAC: ${goAggregate(errors)}` };
}
