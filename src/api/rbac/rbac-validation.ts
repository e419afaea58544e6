import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import { pathSegmentFindings } from '../meta/names.ts';
import type { LabelSelector } from '../meta/object.ts';
import { checkEnum, checkLabelSelector, checkSubdomain, found, same } from '../meta/validation.ts';
import type { ClusterRole, PolicyRule, RbacV1Subject, Role, RoleBinding } from '../schema/generated/types.ts';
import { RBAC_GROUP } from './rbac-defaults.ts';

function checkRule(at: string, rule: PolicyRule, namespaced: boolean): FieldError[] {
  const { verbs, nonResourceURLs = [], apiGroups = [], resources = [] } = rule;
  const errors = verbs?.length ? [] : [required(`${at}.verbs`, 'verbs must contain at least one value')];
  if (nonResourceURLs.length > 0) {
    if (namespaced) errors.push(invalid(`${at}.nonResourceURLs`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length > 0 || resources.length > 0 || rule.resourceNames?.length) {
      errors.push(invalid(`${at}.nonResourceURLs`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
    }
    return errors;
  }
  if (apiGroups.length === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

export const checkRole = ({ rules }: Role): FieldError[] => (rules ?? []).flatMap((rule, i) => checkRule(`rules[${i}]`, rule, true));

/** Upstream finds what is wrong twice: in the parts, and in the whole, which it cannot show then. */
function checkSelector(path: string, selector: LabelSelector): FieldError[] {
  const errors = checkLabelSelector(path, selector);
  return errors.length > 0 ? [...errors, invalid(path, null, 'invalid label selector.')] : [];
}

export function checkClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const selectors = aggregationRule?.clusterRoleSelectors ?? [];
  const path = 'aggregationRule.clusterRoleSelectors';
  const errors = (rules ?? []).flatMap((rule, i) => checkRule(`rules[${i}]`, rule, false));
  if (aggregationRule && selectors.length === 0)
    errors.push(required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  return [...errors, ...selectors.flatMap((selector, i) => checkSelector(`${path}[${i}]`, selector))];
}

function checkSubject(at: string, { kind, name, apiGroup = '', namespace }: RbacV1Subject, namespaced: boolean): FieldError[] {
  const errors = name ? [] : [required(`${at}.name`)];
  switch (kind) {
    case 'ServiceAccount':
      if (name) errors.push(...checkSubdomain(`${at}.name`, name));
      if (apiGroup) errors.push(notSupported(`${at}.apiGroup`, apiGroup, ['']));
      if (!namespace && !namespaced) errors.push(required(`${at}.namespace`));
      return errors;
    case 'User':
    case 'Group':
      return apiGroup === RBAC_GROUP ? errors : [...errors, notSupported(`${at}.apiGroup`, apiGroup, [RBAC_GROUP])];
    default:
      return [...errors, notSupported(`${at}.kind`, kind ?? '', ['ServiceAccount', 'User', 'Group'])];
  }
}

export function checkBinding(binding: RoleBinding, roles: readonly string[]): FieldError[] {
  const { roleRef = { apiGroup: RBAC_GROUP, kind: '', name: '' }, subjects = [] } = binding;
  const namespaced = roles.includes('Role');
  return [
    ...checkEnum('roleRef.apiGroup', roleRef.apiGroup, [RBAC_GROUP]),
    ...checkEnum('roleRef.kind', roleRef.kind ?? '', roles),
    ...(roleRef.name ? found('roleRef.name', roleRef.name, pathSegmentFindings(roleRef.name)) : [required('roleRef.name')]),
    ...subjects.flatMap((subject, i) => checkSubject(`subjects[${i}]`, subject, namespaced)),
  ];
}

/** Whoever may list a role's holders must be able to trust that the role behind them stays the same. */
export const checkBindingUpdate = (value: RoleBinding, old: RoleBinding): FieldError[] =>
  same(value.roleRef, old.roleRef) ? [] : [invalid('roleRef', goRoleRef(value), 'cannot change roleRef')];

/** As Go shows its own type. */
const goRoleRef = ({ roleRef }: RoleBinding) => ({
  APIGroup: roleRef?.apiGroup ?? '',
  Kind: roleRef?.kind ?? '',
  Name: roleRef?.name ?? '',
});
