import { ApiError } from '../../api/meta/status.ts';
import type { Authenticator, Authorizer, Credentials, UserInfo } from '../ports.ts';
import { impersonate } from './impersonation.ts';
import { firstOf, type TokenSource } from './token-source.ts';

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const AUTHENTICATED = 'system:authenticated';

const authenticated = (user: UserInfo): UserInfo =>
  user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };

/** Every kind of token that is known, asked in turn; whom a token stands for is among `system:authenticated`. */
export function tokenAuthenticator(sources: readonly TokenSource[]): TokenSource {
  const chain = firstOf(sources);
  return async (token, audiences) => {
    const verdict = await chain(token, audiences);
    return verdict && 'user' in verdict ? { ...verdict, user: authenticated(verdict.user) } : verdict;
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
  readonly authenticateToken: TokenSource;
  readonly audiences: readonly string[];
  readonly authorizer: Authorizer;
}): Authenticator {
  const identify = async (credentials: Credentials): Promise<UserInfo | undefined> => {
    const certificate = credentials.certificate;
    if (certificate?.commonName) return certificateUser(certificate);
    const token = bearerToken(credentials);
    if (token === undefined) return undefined;
    const found = await options.authenticateToken(token, options.audiences);
    if (!found || 'error' in found) throw unauthorized();
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
