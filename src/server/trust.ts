import type { Clock } from '../base/clock.ts';
import { createAuthenticator, tokenAuthenticator } from './authn/authenticator.ts';
import { bootstrapSource } from './authn/bootstrap-token.ts';
import { jsonWebKeySet, openIdConfiguration } from './authn/discovery-documents.ts';
import { serviceAccountSource } from './authn/service-account.ts';
import { type ServiceAccountTokens, serviceAccountTokens } from './authn/service-account-token.ts';
import { openAuthorizers } from './authz/chain.ts';
import type { Rbac } from './authz/rbac.ts';
import type { ServiceAccountKeys } from './pki/service-account-keys.ts';
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
  readonly reader: ObjectReader;
  readonly tokens: TokenSettings;
  readonly clock: Clock;
}

/** How service account tokens are made and believed. */
export interface TokenSettings {
  readonly keys: ServiceAccountKeys;
  /** The first signs, all are believed. */
  readonly issuers: readonly [string, ...string[]];
  /** What the API server answers to. Absent: the issuers. */
  readonly apiAudiences?: readonly string[];
  /** Where others find the keys. */
  readonly jwksUri: string;
  readonly maxExpirationSeconds?: number;
  readonly extendExpiration: boolean;
}

export function assembleTrust({ reader, tokens: settings, clock }: TrustOptions): Trust {
  const { keys, issuers, jwksUri, apiAudiences = issuers, maxExpirationSeconds, extendExpiration } = settings;
  const tokens = serviceAccountTokens({ keys, issuers, clock });
  const { authorizer, rbac } = openAuthorizers(reader);
  const authenticateToken = tokenAuthenticator([
    serviceAccountSource({ reader, tokens, apiAudiences, clock }),
    bootstrapSource({ reader, apiAudiences, clock }),
  ]);
  return {
    authenticator: createAuthenticator({ authenticateToken, audiences: apiAudiences, authorizer }),
    authorizer,
    rbac,
    tokens,
    virtualHandlers: {
      ...accessReviews(authorizer),
      'tokenreviews.authentication.k8s.io': tokenReview(authenticateToken, apiAudiences),
      'selfsubjectreviews.authentication.k8s.io': selfSubjectReview,
      'selfsubjectrulesreviews.authorization.k8s.io': selfSubjectRulesReview(rbac),
    },
    tokenHandler: tokenHandler({ reader, tokens, apiAudiences, maxExpirationSeconds, extendExpiration, clock }),
    documents: {
      '/.well-known/openid-configuration': openIdConfiguration(tokens.issuer, jwksUri, keys),
      '/openid/v1/jwks': jsonWebKeySet(keys),
    },
    [Symbol.dispose]: () => rbac[Symbol.dispose](),
  };
}
