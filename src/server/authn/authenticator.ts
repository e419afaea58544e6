import { ApiError } from '../../api/meta/status.ts';
import type { Authenticator, Credentials, UserInfo } from '../ports.ts';
import { type FrontProxySettings, frontProxyUser } from './front-proxy.ts';
import { firstOf, type TokenSource } from './token-source.ts';

const AUTHENTICATED = 'system:authenticated';
const UNAUTHENTICATED = 'system:unauthenticated';

const authenticated = (user: UserInfo): UserInfo =>
  user.name === 'system:anonymous' || user.groups.includes(AUTHENTICATED) || user.groups.includes(UNAUTHENTICATED)
    ? user
    : { ...user, groups: [...user.groups, AUTHENTICATED] };

/** Every kind of token that is known, asked in turn; whom a token stands for is among `system:authenticated`. */
export function tokenAuthenticator(sources: () => readonly TokenSource[]): TokenSource {
  const chain = firstOf(sources);
  return async (token, audiences) => {
    const verdict = await chain(token, audiences);
    return verdict && 'user' in verdict ? { ...verdict, user: authenticated(verdict.user) } : verdict;
  };
}

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
 * Upstream's order: front proxies, client certificates, bearer tokens; the first that names somebody decides. undefined: nothing was presented.
 * Throws Unauthorized when what was presented names nobody.
 */
export function createAuthenticator(options: {
  readonly authenticateToken: TokenSource;
  readonly audiences: readonly string[];
  readonly frontProxy: FrontProxySettings;
}): Authenticator {
  return async (credentials) => {
    const { certificate } = credentials;
    if (certificate?.isFrontProxy) {
      const user = frontProxyUser(credentials, options.frontProxy);
      if (user) return authenticated(user);
    }
    if (certificate?.isClient && certificate.commonName) return certificateUser(certificate);
    const token = bearerToken(credentials);
    const found = token === undefined ? undefined : await options.authenticateToken(token, options.audiences);
    if (found && 'user' in found) return found.user;
    if (token !== undefined || (certificate && !certificate.isClient)) throw new ApiError('Unauthorized', 'Unauthorized');
    return undefined;
  };
}

const certificateUser = (certificate: NonNullable<Credentials['certificate']>): UserInfo =>
  authenticated({
    name: certificate.commonName,
    ...(certificate.uid && { uid: certificate.uid }),
    groups: certificate.organizations,
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${certificate.fingerprint.replaceAll(':', '').toLowerCase()}`] },
  });
