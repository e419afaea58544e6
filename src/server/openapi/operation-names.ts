import type { ResourceDefinition } from '../../api/define.ts';
import type { GroupVersion } from './definition-names.ts';

export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** `Namespaced`, in the ids of operations on objects of a namespace. */
export const scopeWord = ({ scope }: ResourceDefinition): string => (scope === 'Namespaced' ? 'Namespaced' : '');

/** rbac.authorization.k8s.io -> RbacAuthorization. */
const groupName = (group: string) =>
  group === ''
    ? 'Core'
    : group
        .replace(/\.k8s\.io$/, '')
        .split(/[.-]/)
        .map(capital)
        .join('');

/** `RbacAuthorizationV1`, in the ids of operations. */
export const groupWord = ({ group, version }: GroupVersion): string => `${groupName(group)}${capital(version)}`;

/** `rbacAuthorization_v1` */
export function tagOf({ group, version }: GroupVersion): string {
  const name = groupName(group);
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}_${version}`;
}
