import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { MutatingAdmissionPolicyBinding } from '../schema/generated/types.ts';
import { defaultMatchResources } from './admission-defaults.ts';
import { checkMutatingBinding } from './mutating-policy-validation.ts';
import { paramRefCell } from './param-cells.ts';

export const mutatingAdmissionPolicyBindings = defineResource<MutatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  storageVersion: 'v1beta1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  columns: [
    nameColumn,
    column('PolicyName', 'string', (binding) => binding.spec?.policyName ?? '', {
      description: 'PolicyName indicates the policy definition which the policy binding binded to',
    }),
    column('ParamRef', 'string', (binding) => paramRefCell(binding.spec?.paramRef), {
      description: 'ParamRef indicates the param resource which sets the configuration param',
    }),
    ageColumn,
  ],
  hooks: { checksRequired: true, defaults: ({ spec }) => defaultMatchResources(spec?.matchResources), validate: checkMutatingBinding },
});
