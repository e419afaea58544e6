import { ApiError } from '../../api/meta/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Authenticator, Authorizer, Credentials, ObjectReader, UserInfo } from '../ports.ts';
import { bootstrapUser, parseBootstrapToken } from './bootstrap-token.ts';
import { impersonate } from './impersonation.ts';
import { serviceAccountUser } from './service-account.ts';
import type { ServiceAccountTokens } from './service-account-token.ts';

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const AUTHENTICATED = 'system:authenticated';

/** The user behind a bearer token, and those of the asked audiences that the token is for. undefined: not a valid token. */
export type TokenAuthenticator = (
  token: string,
  audiences: readonly string[],
) => Promise<{ readonly user: UserInfo; readonly audiences: readonly string[] } | undefined>;

export interface AuthenticationOptions {
  readonly reader: ObjectReader;
  readonly tokens: ServiceAccountTokens;
  readonly clock: Clock;
}

const authenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };

export function tokenAuthenticator({ reader, tokens, clock }: AuthenticationOptions): TokenAuthenticator {
  return async (token, audiences) => {
    const bootstrap = parseBootstrapToken(token);
    if (bootstrap) {
      const user = bootstrapUser(reader, bootstrap, clock.now());
      return user && audiences.includes(tokens.issuer) ? { user: authenticated(user), audiences: [tokens.issuer] } : undefined;
    }
    const claims = await tokens.verify(token);
    const shared = claims?.audiences.filter((audience) => audiences.includes(audience)) ?? [];
    const user = claims && shared.length > 0 ? serviceAccountUser(reader, claims, clock.now()) : undefined;
    return user && { user: authenticated(user), audiences: shared };
  };
}

const unauthorized = () => new ApiError('Unauthorized', 'Unauthorized');

/** RFC 6750's header, or the WebSocket protocol that browsers send in its place. `invalid`: something that means to be a token and is none. */
function bearerToken({ authorization, webSocketProtocols }: Credentials): string | 'invalid' | undefined {
  const header = /^bearer +(.+)$/i.exec(authorization?.trim() ?? '');
  if (header?.[1]) return header[1].trim();
  const prefix = 'base64url.bearer.authorization.k8s.io.';
  const protocol = webSocketProtocols?.find((each) => each.startsWith(prefix));
  if (protocol === undefined) return undefined;
  const token = Buffer.from(protocol.slice(prefix.length), 'base64url').toString();
  return token || 'invalid';
}

/**
 * Client certificates first, then bearer tokens, then impersonation on top of who was found. undefined: nothing was presented.
 * Throws Unauthorized for wrong credentials and Forbidden for impersonation that is not allowed.
 */
export function createAuthenticator(options: {
  readonly authenticateToken: TokenAuthenticator;
  readonly audiences: readonly string[];
  readonly authorizer: Authorizer;
}): Authenticator {
  const identify = async (credentials: Credentials): Promise<UserInfo | undefined> => {
    const certificate = credentials.certificate;
    if (certificate?.commonName) return certificateUser(certificate);
    const token = bearerToken(credentials);
    if (token === undefined) return undefined;
    const found = await options.authenticateToken(token, options.audiences);
    if (!found) throw unauthorized();
    return found.user;
  };
  return async (credentials) => {
    const user = await identify(credentials);
    const other = await impersonate(user ?? ANONYMOUS, credentials, options.authorizer);
    return other ?? user;
  };
}

const certificateUser = (certificate: NonNullable<Credentials['certificate']>): UserInfo =>
  authenticated({
    name: certificate.commonName,
    groups: certificate.organizations,
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${certificate.fingerprint.replaceAll(':', '').toLowerCase()}`] },
  });
