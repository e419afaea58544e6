import { describe, expect, it } from 'vitest';
import type { ClusterRole, RoleBinding } from '../schema/generated/types.ts';
import { checkBinding, checkClusterRole } from './rbac-validation.ts';

const lines = (errors: readonly { path: string; message: string }[]) => errors.map(({ path, message }) => `${path}: ${message}`);
const RBAC = 'rbac.authorization.k8s.io';
const SUBDOMAIN = 'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters';

describe('a binding', () => {
  const binding = (roleRef: object, subjects: object[] = []) =>
    ({ roleRef: { apiGroup: RBAC, kind: 'Role', name: 'r', ...roleRef }, subjects }) as RoleBinding;
  const namespaced = (...args: Parameters<typeof binding>) => lines(checkBinding(binding(...args), ['Role', 'ClusterRole']));

  it.each([
    [{}, []],
    [{ name: '' }, ['roleRef.name: Required value']],
    [
      { name: 'a/b%' },
      [`roleRef.name: Invalid value: "a/b%": may not contain '/'`, `roleRef.name: Invalid value: "a/b%": may not contain '%'`],
    ],
    [{ name: '..' }, [`roleRef.name: Invalid value: "..": may not be '..'`]],
    [{ kind: 'X' }, ['roleRef.kind: Unsupported value: "X": supported values: "Role", "ClusterRole"']],
  ])('with the role %j: %j', (roleRef, expected) => {
    expect(namespaced(roleRef)).toEqual(expected);
  });

  it('names service accounts as they may be called, in whatever namespace', () => {
    expect(namespaced({}, [{ kind: 'ServiceAccount', name: 'a', namespace: 'Not_A_Namespace' }])).toEqual([]);
    expect(namespaced({}, [{ kind: 'ServiceAccount', name: 'No_Name', namespace: 'n' }])).toEqual([
      expect.stringContaining(`subjects[0].name: Invalid value: "No_Name": ${SUBDOMAIN}`),
    ]);
    expect(lines(checkBinding(binding({ kind: 'ClusterRole' }, [{ kind: 'ServiceAccount', name: 'a' }]), ['ClusterRole']))).toEqual([
      'subjects[0].namespace: Required value',
    ]);
  });
});

it('a selector of cluster roles that is wrong is found in its parts and as a whole', () => {
  const role = { aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }] } } as ClusterRole;
  expect(lines(checkClusterRole(role))).toEqual([
    "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    'aggregationRule.clusterRoleSelectors[0]: Invalid value: null: invalid label selector.',
  ]);
});

it('a binding that names no role, and a subject of no kind, are told what there is', () => {
  expect(lines(checkBinding({ subjects: [{ name: 's' }] } as RoleBinding, ['Role', 'ClusterRole']))).toEqual([
    'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
    'roleRef.name: Required value',
    'subjects[0].kind: Unsupported value: "": supported values: "ServiceAccount", "User", "Group"',
  ]);
});
