import { defineResource } from '../define.ts';
import type { TokenReview } from '../schema/generated/types.ts';

/** Virtual: answered by code, never stored. */
export const tokenReviews = defineResource<TokenReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
  verbs: ['create'],
  persistence: 'none',
});
