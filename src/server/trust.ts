import type { Clock } from '../base/clock.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import { createAuthenticator, tokenAuthenticator } from './authn/authenticator.ts';
import { bootstrapSource } from './authn/bootstrap-token.ts';
import { jsonWebKeySet, openIdConfiguration } from './authn/discovery-documents.ts';
import { DEFAULT_FRONT_PROXY, type FrontProxySettings } from './authn/front-proxy.ts';
import { impersonationIn, impersonator } from './authn/impersonation.ts';
import { type JwtAuthenticator, type OidcSource, oidcSource } from './authn/oidc/oidc.ts';
import { type ServiceAccountSource, serviceAccountSource } from './authn/service-account.ts';
import { type ServiceAccountTokens, serviceAccountTokens } from './authn/service-account-token.ts';
import type { TokenSource } from './authn/token-source.ts';
import { type WebhookAuthentication, webhookSource } from './authn/webhook.ts';
import { type AuthorizationMode, openAuthorizers } from './authz/chain.ts';
import type { Rbac } from './authz/rbac.ts';
import type { WebhookTools } from './authz/webhook.ts';
import type { Outbound } from './outbound/outbound.ts';
import type { ServiceAccountKeys } from './pki/service-account-keys.ts';
import type { Authenticator, Authorizer, Impersonator, ObjectReader } from './ports.ts';
import { accessReviews } from './reviews/access-review.ts';
import { selfSubjectReview, selfSubjectRulesReview, tokenReview } from './reviews/identity-review.ts';
import type { VirtualHandler } from './reviews/review.ts';
import { tokenHandler } from './subresources/token.ts';

/** Who asks, and what they may do: everything that the API server needs of authn and authz, fitted together. */
export interface Trust extends Disposable {
  readonly authenticator: Authenticator;
  readonly impersonate: Impersonator;
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
  readonly tokens: ServiceAccountTokens;
  /** By resource id: `subjectaccessreviews.authorization.k8s.io`, … They answer `create`; authorization has happened. */
  readonly virtualHandlers: Readonly<Record<string, VirtualHandler>>;
  /** `create` of `serviceaccounts/token`. */
  readonly tokenHandler: VirtualHandler;
  /** What changes while the server runs. Neither changes anything when it fails. */
  readonly reconfigure: {
    /** Throws an Error for what may not come or go after the start. */
    modes(modes: readonly AuthorizationMode[]): void;
    /** Rejects when the keys of one of them cannot be had. */
    issuers(issuers: readonly JwtAuthenticator[]): Promise<void>;
  };
  /** Documents by path, for who may get them (RBAC: system:service-account-issuer-discovery). */
  readonly documents: Readonly<Record<string, object>>;
}

export interface TrustOptions {
  readonly reader: ObjectReader;
  readonly tokens: TokenSettings;
  /** Issuers of ID tokens. */
  readonly issuers?: readonly JwtAuthenticator[];
  readonly tokenWebhook?: WebhookAuthentication;
  /** Absent: the front proxies of this cluster. */
  readonly frontProxy?: FrontProxySettings;
  /** Absent: Node, RBAC. */
  readonly modes?: readonly AuthorizationMode[];
  /** For issuers and webhooks. */
  readonly outbound?: Outbound;
  /** Labels a Secret whose token was used. */
  readonly noteUse?: ServiceAccountSource['noteUse'];
  readonly clock: Clock;
  readonly log?: Logger;
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

export function assembleTrust(options: TrustOptions): Trust {
  const { reader, tokens: settings, noteUse, clock, frontProxy = DEFAULT_FRONT_PROXY } = options;
  const { keys, issuers, jwksUri, apiAudiences = issuers, maxExpirationSeconds, extendExpiration } = settings;
  const tokens = serviceAccountTokens({ keys, issuers, clock });
  const { authorizer, rbac, unlisted, reconfigure, ...authorizers } = openAuthorizers(reader, {
    modes: options.modes,
    webhookTools: toolsOf(options),
  });
  const own = [serviceAccountSource({ reader, tokens, apiAudiences, noteUse, clock }), bootstrapSource({ reader, apiAudiences, clock })];
  const webhook = tokenWebhookOf(options, apiAudiences);
  let sources = [...own, ...issuerSources(options, apiAudiences, options.issuers ?? []), ...webhook];
  const authenticateToken = tokenAuthenticator(() => sources);
  const impersonate = impersonator(authorizer);
  return {
    authenticator: createAuthenticator({ authenticateToken, audiences: apiAudiences, frontProxy }),
    impersonate: async (attributes, headers) => {
      const wanted = impersonationIn(headers);
      return wanted && impersonate(wanted, attributes);
    },
    authorizer,
    rbac,
    tokens,
    virtualHandlers: {
      ...accessReviews(authorizer),
      'tokenreviews.authentication.k8s.io': tokenReview(authenticateToken, apiAudiences),
      'selfsubjectreviews.authentication.k8s.io': selfSubjectReview(clock),
      'selfsubjectrulesreviews.authorization.k8s.io': selfSubjectRulesReview(rbac, unlisted),
    },
    tokenHandler: tokenHandler({ reader, tokens, apiAudiences, maxExpirationSeconds, extendExpiration, clock }),
    documents: {
      '/.well-known/openid-configuration': openIdConfiguration(tokens.issuer, jwksUri, keys),
      '/openid/v1/jwks': jsonWebKeySet(keys),
    },
    reconfigure: {
      modes: reconfigure,
      async issuers(issuers) {
        const next = issuerSources(options, apiAudiences, issuers);
        await Promise.all(next.map((source) => source.ready()));
        sources = [...own, ...next, ...webhook];
      },
    },
    [Symbol.dispose]: () => authorizers[Symbol.dispose](),
  };
}

const toolsOf = ({ outbound, clock, log = silentLogger }: TrustOptions): WebhookTools | undefined => outbound && { outbound, clock, log };

function issuerSources(options: TrustOptions, apiAudiences: readonly string[], issuers: readonly JwtAuthenticator[]): OidcSource[] {
  const tools = toolsOf(options);
  return tools ? issuers.map((issuer) => oidcSource(issuer, { ...tools, apiAudiences })) : [];
}

function tokenWebhookOf(options: TrustOptions, apiAudiences: readonly string[]): TokenSource[] {
  const tools = toolsOf(options);
  return tools && options.tokenWebhook ? [webhookSource(options.tokenWebhook, { ...tools, apiAudiences })] : [];
}
