import { defineResource } from '../define.ts';
import type { SelfSubjectRulesReview } from '../schema/generated/types.ts';

/** Virtual: answered by code, never stored. */
export const selfSubjectRulesReviews = defineResource<SelfSubjectRulesReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  scope: 'Cluster',
  verbs: ['create'],
  persistence: 'none',
});
