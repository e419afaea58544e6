import { defineResource } from '../define.ts';
import type { SelfSubjectReview } from '../schema/generated/types.ts';

/** Virtual: answered by code, never stored. */
export const selfSubjectReviews = defineResource<SelfSubjectReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  verbs: ['create'],
  persistence: 'none',
});
