import type { Clock } from '../base/clock.ts';
import { createAuthenticator, tokenAuthenticator } from './authn/authenticator.ts';
import { jsonWebKeySet, openIdConfiguration } from './authn/discovery-documents.ts';
import { issuerOf, type ServiceAccountTokens, serviceAccountTokens } from './authn/service-account-token.ts';
import { openAuthorizers } from './authz/chain.ts';
import type { Rbac } from './authz/rbac.ts';
import type { Pki } from './pki/pki.ts';
import type { Authenticator, Authorizer, ObjectReader } from './ports.ts';
import { accessReviews } from './reviews/access-review.ts';
import { selfSubjectReview, selfSubjectRulesReview, tokenReview } from './reviews/identity-review.ts';
import type { VirtualHandler } from './reviews/review.ts';
import { tokenHandler } from './subresources/token.ts';

/** Who asks, and what they may do: everything that the API server needs of authn and authz, fitted together. */
export interface Trust extends Disposable {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
  readonly tokens: ServiceAccountTokens;
  /** By resource id: `subjectaccessreviews.authorization.k8s.io`, … They answer `create`; authorization has happened. */
  readonly virtualHandlers: Readonly<Record<string, VirtualHandler>>;
  /** `create` of `serviceaccounts/token`. */
  readonly tokenHandler: VirtualHandler;
  /** Documents by path, for who may get them (RBAC: system:service-account-issuer-discovery). */
  readonly documents: Readonly<Record<string, object>>;
}

export interface TrustOptions {
  readonly pki: Pick<Pki, 'serviceAccountKeys'>;
  readonly reader: ObjectReader;
  readonly clusterDomain: string;
  readonly clock: Clock;
}

export function assembleTrust({ pki, reader, clusterDomain, clock }: TrustOptions): Trust {
  const issuer = issuerOf(clusterDomain);
  const tokens = serviceAccountTokens({ keys: pki.serviceAccountKeys, issuer, clock });
  const { authorizer, rbac } = openAuthorizers(reader);
  const authenticateToken = tokenAuthenticator({ reader, tokens, clock });
  const audiences = [issuer];
  return {
    authenticator: createAuthenticator({ authenticateToken, audiences, authorizer }),
    authorizer,
    rbac,
    tokens,
    virtualHandlers: {
      ...accessReviews(authorizer),
      'tokenreviews.authentication.k8s.io': tokenReview(authenticateToken, audiences),
      'selfsubjectreviews.authentication.k8s.io': selfSubjectReview,
      'selfsubjectrulesreviews.authorization.k8s.io': selfSubjectRulesReview(rbac),
    },
    tokenHandler: tokenHandler({ reader, tokens, clock }),
    documents: {
      '/.well-known/openid-configuration': openIdConfiguration(issuer),
      '/openid/v1/jwks': jsonWebKeySet(pki.serviceAccountKeys),
    },
    [Symbol.dispose]: () => rbac[Symbol.dispose](),
  };
}
