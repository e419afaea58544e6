import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ValidatingAdmissionPolicyBinding } from '../schema/generated/types.ts';
import { defaultMatchResources } from './admission-defaults.ts';
import { paramRefCell } from './param-cells.ts';
import { checkValidatingBinding } from './policy-validation.ts';

export const validatingAdmissionPolicyBindings = defineResource<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
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
  hooks: { checksRequired: true, defaults: ({ spec }) => defaultMatchResources(spec?.matchResources), validate: checkValidatingBinding },
});
