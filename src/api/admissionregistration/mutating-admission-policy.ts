import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { MutatingAdmissionPolicy } from '../schema/generated/types.ts';
import { defaultPolicy } from './admission-defaults.ts';
import { checkMutatingPolicy } from './mutating-policy-validation.ts';
import { paramKindCell } from './param-cells.ts';

export const mutatingAdmissionPolicies = defineResource<MutatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  storageVersion: 'v1beta1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  columns: [
    nameColumn,
    column('Mutations', 'integer', (policy) => policy.spec?.mutations?.length ?? 0, {
      description: 'Mutation indicates the number of mutations rules defined in this configuration',
    }),
    column('ParamKind', 'string', (policy) => paramKindCell(policy.spec?.paramKind), {
      description: 'ParamKind specifies the kind of resources used to parameterize this policy',
    }),
    ageColumn,
  ],
  hooks: { checksRequired: true, defaults: ({ spec }) => defaultPolicy(spec), validate: checkMutatingPolicy },
});
