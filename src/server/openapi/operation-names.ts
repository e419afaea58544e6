import type { ResourceDefinition } from '../../api/define.ts';
import type { GroupVersion } from './definition-names.ts';

export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
export const lowerFirst = (word: string): string => word.charAt(0).toLowerCase() + word.slice(1);

/** `Namespaced`, in the ids of operations on objects of a namespace. */
export const scopeWord = ({ scope }: ResourceDefinition): string => (scope === 'Namespaced' ? 'Namespaced' : '');

/** rbac.authorization.k8s.io -> RbacAuthorization. */
export const groupName = (group: string): string =>
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
export const tagOf = ({ group, version }: GroupVersion): string => `${lowerFirst(groupName(group))}_${version}`;
