import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ApiRequest } from '../../api/transport.ts';
import type { UserInfo } from '../ports.ts';
import type { AuditResource } from './policy-plan.ts';

/** Upstream's limit on what a client says of itself. */
const USER_AGENT_LIMIT = 1024;

export const requestedResource = ({
  group,
  version,
  resource,
  subresource = '',
  namespace = '',
  name = '',
}: ApiRequest): AuditResource => ({
  group,
  version,
  resource,
  subresource,
  namespace,
  name,
});

/** authentication.k8s.io/v1 UserInfo. */
export const userJson = (user: UserInfo | undefined): object =>
  user
    ? {
        username: user.name,
        ...(user.uid && { uid: user.uid }),
        ...(user.groups.length > 0 && { groups: user.groups }),
        ...(user.extra && { extra: user.extra }),
      }
    : {};

/** Those that proxies name first, the peer's own last. What proxies say is not verified. */
export function sourceAddresses(raw: IncomingMessage): string[] {
  const header = (name: string) => String(raw.headers[name] ?? '');
  const named = [...header('x-forwarded-for').split(','), header('x-real-ip')].map((text) => text.trim()).filter((text) => text !== '');
  const peer = (raw.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
  return [...new Set(peer ? [...named, peer] : named)];
}

/** What a client whose credentials were wrong presented, as upstream words it. */
export function attemptedAuthentication(raw: IncomingMessage): string {
  const [scheme = '', token] = (raw.headers.authorization ?? '').trim().split(' ');
  const methods = [
    ...(scheme.toLowerCase() === 'basic' && token ? ['basic'] : []),
    ...(scheme.toLowerCase() === 'bearer' && token !== undefined ? ['bearer'] : []),
    ...(/[?&]access_token=[^&]/.test(raw.url ?? '') ? ['access_token'] : []),
    ...(hasCertificate(raw) ? ['x509'] : []),
  ];
  return methods.length > 0 ? `Authentication failed, attempted: ${methods.join(', ')}` : 'Authentication failed, no credentials provided';
}

function hasCertificate({ socket }: IncomingMessage): boolean {
  const certificate = (socket as Partial<TLSSocket>).getPeerCertificate?.();
  return certificate !== undefined && Object.keys(certificate).length > 0;
}

export function userAgent(raw: IncomingMessage): string | undefined {
  const text = raw.headers['user-agent'];
  return text !== undefined && text.length > USER_AGENT_LIMIT ? `${text.slice(0, USER_AGENT_LIMIT)}...TRUNCATED` : text;
}
