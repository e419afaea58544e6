import { type Column, column } from '../define.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import type { RoleBinding } from '../schema/generated/types.ts';

const camelCase = (kind: string) => `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`;
const subjects = (binding: RoleBinding, kind: string) => (binding.subjects ?? []).filter((s) => s.kind === kind);
const namesOf = (kind: string) => (binding: RoleBinding) =>
  subjects(binding, kind)
    .map((s) => s.name)
    .join(', ');
const accounts = (binding: RoleBinding): string =>
  subjects(binding, 'ServiceAccount')
    .map((s) => `${s.namespace ?? ''}/${s.name}`)
    .join(', ');

/** RoleBinding and ClusterRoleBinding have the same fields and the same table. */
export const roleBindingColumns = (kind: 'ClusterRoleBinding' | 'RoleBinding'): readonly Column<RoleBinding>[] => [
  nameColumn,
  column('Role', 'string', (binding: RoleBinding) => `${binding.roleRef?.kind ?? ''}/${binding.roleRef?.name ?? ''}`, {
    of: `${kind}.roleRef`,
  }),
  ageColumn,
  wideColumn('Users', 'string', namesOf('User'), { description: `Users in the ${camelCase(kind)}` }),
  wideColumn('Groups', 'string', namesOf('Group'), { description: `Groups in the ${camelCase(kind)}` }),
  wideColumn('ServiceAccounts', 'string', accounts, { description: `ServiceAccounts in the ${camelCase(kind)}` }),
];
