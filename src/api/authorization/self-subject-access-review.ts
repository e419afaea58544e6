import { defineResource } from '../define.ts';
import type { SelfSubjectAccessReview } from '../schema/generated/types.ts';

/** Virtual: answered by code, never stored. */
export const selfSubjectAccessReviews = defineResource<SelfSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
  persistence: 'none',
});
