import { defineResource } from '../define.ts';
import type { SubjectAccessReview } from '../schema/generated/types.ts';

/** Virtual: answered by code, never stored. */
export const subjectAccessReviews = defineResource<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
  persistence: 'none',
});
