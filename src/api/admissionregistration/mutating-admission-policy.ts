import { defineResource } from '../define.ts';
import type { MutatingAdmissionPolicy } from '../schema/generated/types.ts';

export const mutatingAdmissionPolicies = defineResource<MutatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  behaviour: 'stored-only',
});
