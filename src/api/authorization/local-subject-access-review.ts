import { defineResource } from '../define.ts';
import type { LocalSubjectAccessReview } from '../schema/generated/types.ts';

/** Virtual: answered by code, never stored. */
export const localSubjectAccessReviews = defineResource<LocalSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  scope: 'Namespaced',
  verbs: ['create'],
  persistence: 'none',
});
