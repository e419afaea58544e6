import { defineResource } from '../define.ts';
import type { ValidatingAdmissionPolicyBinding } from '../schema/generated/types.ts';

export const validatingAdmissionPolicyBindings = defineResource<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  behaviour: 'stored-only',
});
