import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ValidatingAdmissionPolicy } from '../schema/generated/types.ts';
import { defaultPolicy } from './admission-defaults.ts';
import { paramKindCell } from './param-cells.ts';
import { checkValidatingPolicy, checkValidatingPolicyStatus } from './policy-validation.ts';

export const validatingAdmissionPolicies = defineResource<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  statusMetadata: [],
  columns: [
    nameColumn,
    column('Validations', 'integer', (policy) => policy.spec?.validations?.length ?? 0, {
      description: 'Validations indicates the number of validation rules defined in this configuration',
    }),
    column('ParamKind', 'string', (policy) => paramKindCell(policy.spec?.paramKind), {
      description: 'ParamKind specifies the kind of resources used to parameterize this policy',
    }),
    ageColumn,
  ],
  hooks: {
    checksRequired: true,
    defaults: ({ spec }) => defaultPolicy(spec),
    validate: checkValidatingPolicy,
    validateStatus: checkValidatingPolicyStatus,
  },
});
