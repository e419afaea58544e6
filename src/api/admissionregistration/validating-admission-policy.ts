import { defineResource } from '../define.ts';
import type { ValidatingAdmissionPolicy } from '../schema/generated/types.ts';

export const validatingAdmissionPolicies = defineResource<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
