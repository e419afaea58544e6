import { X509Certificate } from 'node:crypto';
import { DEFAULT_FRONT_PROXY, type FrontProxySettings } from '../../server/authn/front-proxy.ts';
import { type AuthenticationConfig, readAuthenticationConfig } from '../../server/authn/oidc/authentication-config.ts';
import { issuerOf } from '../../server/authn/service-account-token.ts';
import type { WebhookAuthentication } from '../../server/authn/webhook.ts';
import { readAuthorizationConfig } from '../../server/authz/authorization-config.ts';
import type { AuthorizationMode } from '../../server/authz/chain.ts';
import type { TrustedRoots } from '../../server/http/credentials.ts';
import { kubeconfigEndpoint } from '../../server/outbound/kubeconfig.ts';
import {
  type ServiceAccountKeys,
  serviceAccountKeys,
  type VerificationKey,
  verificationKeys,
} from '../../server/pki/service-account-keys.ts';
import type { TokenSettings } from '../../server/trust.ts';
import { UsageError } from '../exit.ts';
import { fromFile, fromKubeconfig } from './from-file.ts';
import { certificates, oidcAuthenticator } from './oidc.ts';
import type { ServerSettings } from './settings.ts';

/** The keys of service account tokens: our own, or what --service-account-signing-key-file and --service-account-key-file hold. */
async function keysOf(settings: ServerSettings, own: ServiceAccountKeys): Promise<ServiceAccountKeys> {
  const { serviceAccountSigningKeyFile: signing, serviceAccountKeyFile: files = [] } = settings;
  const believed: VerificationKey[] = (
    await Promise.all(files.map((path) => fromFile('--service-account-key-file', path, verificationKeys)))
  ).flat();
  if (signing !== undefined) return fromFile('--service-account-signing-key-file', signing, (pem) => serviceAccountKeys(pem, believed));
  const known = new Set(own.verification.map(({ keyId }) => keyId));
  return { ...own, verification: [...own.verification, ...believed.filter(({ keyId }) => !known.has(keyId))] };
}

export async function tokenSettings(
  settings: ServerSettings,
  { own, serverAddress }: { own: ServiceAccountKeys; serverAddress: string },
): Promise<TokenSettings> {
  const [first = issuerOf(settings.clusterDomain), ...others] = settings.serviceAccountIssuer ?? [];
  const { serviceAccountMaxTokenExpiration: maxMs, apiAudiences, serviceAccountExtendTokenExpiration = true } = settings;
  return {
    keys: await keysOf(settings, own),
    issuers: [first, ...others],
    ...(apiAudiences?.length && { apiAudiences }),
    jwksUri: settings.serviceAccountJwksUri ?? `https://${serverAddress}/openid/v1/jwks`,
    ...(maxMs && { maxExpirationSeconds: Math.floor(maxMs / 1000) }),
    extendExpiration: serviceAccountExtendTokenExpiration,
  };
}

const reviewVersion = (version: string | undefined): 'v1' | 'v1beta1' => (version === 'v1beta1' ? 'v1beta1' : 'v1');
const endpointOf = (flag: string, path: string) => fromKubeconfig(flag, path, kubeconfigEndpoint);

const MINUTE_MS = 60_000;

async function tokenWebhook(settings: ServerSettings): Promise<WebhookAuthentication | undefined> {
  const { authenticationTokenWebhookConfigFile: file, authenticationTokenWebhookCacheTtl: cacheMs = 2 * MINUTE_MS } = settings;
  if (file === undefined) return undefined;
  const endpoint = await endpointOf('--authentication-token-webhook-config-file', file);
  return { endpoint, version: reviewVersion(settings.authenticationTokenWebhookVersion), cacheMs };
}

const BY_FLAGS = [
  'authorizationMode',
  'authorizationWebhookConfigFile',
  'authorizationWebhookVersion',
  'authorizationWebhookCacheAuthorizedTtl',
  'authorizationWebhookCacheUnauthorizedTtl',
] as const;

/** Who decides, as the text of an AuthorizationConfiguration says. Rejects with an Error, or with UsageError about a file that it names. */
export function modesIn(text: string, path: string): Promise<readonly AuthorizationMode[]> {
  return Promise.all(
    readAuthorizationConfig(text).map(async (authorizer): Promise<AuthorizationMode> => {
      if (authorizer.mode !== 'Webhook') return authorizer;
      const endpoint = await endpointOf(`--authorization-config ${path}: ${authorizer.name}:`, authorizer.kubeConfigFile);
      return { mode: 'Webhook', webhook: { endpoint, ...authorizer.webhook } };
    }),
  );
}

/** A file that was read at the start, and is followed. */
export interface FollowedFile {
  readonly path: string;
  readonly text: string;
}

/** Who decides, as the file of --authorization-config says. Rejects with UsageError. */
async function configuredModes(settings: ServerSettings, path: string): Promise<Pick<Deciding, 'modes' | 'file'>> {
  if (BY_FLAGS.some((name) => settings[name] !== undefined)) {
    throw new UsageError(
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    );
  }
  return fromFile('--authorization-config', path, async (text) => ({ modes: await modesIn(text, path), file: { path, text } }));
}

interface Deciding {
  readonly modes: readonly AuthorizationMode[];
  readonly file?: FollowedFile;
}

async function decidingOf(settings: ServerSettings): Promise<Deciding> {
  if (settings.authorizationConfig !== undefined) return configuredModes(settings, settings.authorizationConfig);
  const { authorizationMode: names = ['Node', 'RBAC'], authorizationWebhookConfigFile: file } = settings;
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice) throw new UsageError(`--authorization-mode ${names.join(',')}: ${twice} is named more than once`);
  if (!names.includes('Webhook') && file !== undefined)
    throw new UsageError('cannot specify --authorization-webhook-config-file without mode Webhook');
  const modes = await Promise.all(
    names.map(async (mode): Promise<AuthorizationMode> => {
      if (mode !== 'Webhook') return { mode: mode as Exclude<AuthorizationMode['mode'], 'Webhook'> };
      if (file === undefined) throw new UsageError("authorization-mode Webhook's authorization config file not passed");
      const endpoint = await endpointOf('--authorization-webhook-config-file', file);
      const version = reviewVersion(settings.authorizationWebhookVersion);
      const authorizedMs = settings.authorizationWebhookCacheAuthorizedTtl ?? 5 * MINUTE_MS;
      const unauthorizedMs = settings.authorizationWebhookCacheUnauthorizedTtl ?? MINUTE_MS / 2;
      return { mode, webhook: { endpoint, version, authorizedMs, unauthorizedMs } };
    }),
  );
  return { modes };
}

const lowerCase = (names: readonly string[] | undefined) => names?.map((name) => name.toLowerCase());

const frontProxyOf = (settings: ServerSettings): FrontProxySettings => ({
  allowedNames: settings.requestheaderAllowedNames ?? DEFAULT_FRONT_PROXY.allowedNames,
  usernameHeaders: lowerCase(settings.requestheaderUsernameHeaders) ?? DEFAULT_FRONT_PROXY.usernameHeaders,
  uidHeaders: lowerCase(settings.requestheaderUidHeaders) ?? DEFAULT_FRONT_PROXY.uidHeaders,
  groupHeaders: lowerCase(settings.requestheaderGroupHeaders) ?? DEFAULT_FRONT_PROXY.groupHeaders,
  extraHeaderPrefixes: lowerCase(settings.requestheaderExtraHeadersPrefix) ?? DEFAULT_FRONT_PROXY.extraHeaderPrefixes,
});

/**
 * ID tokens and requests without credentials, by --authentication-config or by flags of their own. Where everything is allowed nobody comes without credentials, unless the
 * file says so (ApplyAuthorization of kube-apiserver's options).
 */
async function authenticationOf(
  settings: ServerSettings,
  serviceAccountIssuers: readonly string[],
): Promise<AuthenticationConfig & { readonly file?: FollowedFile }> {
  const [{ authenticationConfig: path, anonymousAuth }, issuer] = [settings, await oidcAuthenticator(settings)];
  const enabled = (anonymousAuth ?? true) && !settings.authorizationMode?.includes('AlwaysAllow');
  const byFlags = { ...(issuer ? { issuers: [issuer] } : { issuers: [] }), anonymous: { enabled, paths: [] } };
  if (path === undefined) return byFlags;
  if (issuer) throw new UsageError('--authentication-config and --oidc-issuer-url exclude each other: the file names issuers');
  const config = await fromFile('--authentication-config', path, (text) => ({
    ...readAuthenticationConfig(text, serviceAccountIssuers),
    file: { path, text },
  }));
  if (config.anonymous && anonymousAuth !== undefined)
    throw new UsageError('--anonymous-auth and anonymous in the file of --authentication-config exclude each other');
  return { ...byFlags, ...config };
}

/** Everything about whom the server believes and who decides, as the flags say it. Rejects with UsageError. */
export async function trustSettings(settings: ServerSettings, { serviceAccountIssuers }: { serviceAccountIssuers: readonly string[] }) {
  const { issuers, anonymous, file: authentication } = await authenticationOf(settings, serviceAccountIssuers);
  const { modes, file: authorization } = await decidingOf(settings);
  return {
    trust: { issuers, tokenWebhook: await tokenWebhook(settings), modes, frontProxy: frontProxyOf(settings) },
    anonymous,
    followed: { authentication, authorization },
  };
}

/** May a request for the path come without credentials? */
export const anonymousAt =
  (anonymous: AuthenticationConfig['anonymous']) =>
  (path: string): boolean =>
    (anonymous?.enabled ?? true) && (!anonymous?.paths.length || anonymous.paths.includes(path));

export interface ClientAuthorities {
  /** PEM of all of them: the TLS server asks for certificates of these. */
  readonly ca: string[];
  readonly roots: TrustedRoots;
}

const fingerprints = (pems: readonly string[]) => new Set(pems.map((pem) => new X509Certificate(pem).fingerprint256));

/** The CAs that vouch for clients and for front proxies: the cluster's own and those of the flags. Rejects with UsageError. */
export async function clientAuthorities(
  settings: ServerSettings,
  own: { caPem: string; frontProxyCaPem: string },
): Promise<ClientAuthorities> {
  const more = async (flag: string, path: string | undefined) => (path === undefined ? [] : fromFile(flag, path, certificates));
  const client = [own.caPem, ...(await more('--client-ca-file', settings.clientCaFile))];
  const frontProxy = [own.frontProxyCaPem, ...(await more('--requestheader-client-ca-file', settings.requestheaderClientCaFile))];
  return { ca: [...client, ...frontProxy], roots: { client: fingerprints(client), frontProxy: fingerprints(frontProxy) } };
}
