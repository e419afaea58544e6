import type { InformerScope } from '../../client/informer.ts';

/** Secrets are many and large (Helm keeps its releases in them), and controllers look at few. A Secret's type never changes. */
const ofType = (type: string): InformerScope => ({ fieldSelector: `type=${type}` });

/** Where bootstrap tokens count at all (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/). */
export const bootstrapTokens: InformerScope = { namespace: 'kube-system', ...ofType('bootstrap.kubernetes.io/token') };

export const accountTokens = ofType('kubernetes.io/service-account-token');
