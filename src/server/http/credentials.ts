import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { ApiError } from '../../api/meta/status.ts';
import type { Authenticator, Credentials, UserInfo } from '../ports.ts';

type Certificate = NonNullable<Credentials['certificate']>;

/** What one TLS connection proved, read once; with the user when a certificate alone decides who that is. */
interface Peer {
  readonly certificate: Certificate | undefined;
  user?: UserInfo;
}

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const IMPERSONATION = ['impersonate-user', 'impersonate-group', 'impersonate-uid'];

/** Who sends a request. Throws Unauthorized. */
export function requestAuthenticator(authenticator: Authenticator): (raw: IncomingMessage) => Promise<UserInfo> | UserInfo {
  const peers = new WeakMap<object, Peer>();
  return (raw) => {
    const socket = socketOf(raw);
    let peer = peers.get(socket);
    if (!peer) {
      peer = { certificate: peerCertificate(socket) };
      peers.set(socket, peer);
    }
    const { headers } = raw;
    const byCertificate = peer.certificate && !headers.authorization && !IMPERSONATION.some((name) => headers[name] !== undefined);
    if (!byCertificate) return authenticate(authenticator, credentialsOf(raw, peer.certificate));
    return peer.user ?? remember(peer, authenticate(authenticator, credentialsOf(raw, peer.certificate)));
  };
}

async function remember(peer: Peer, user: Promise<UserInfo>): Promise<UserInfo> {
  peer.user = await user;
  return peer.user;
}

const authenticate = async (authenticator: Authenticator, credentials: Credentials): Promise<UserInfo> =>
  (await authenticator(credentials)) ?? ANONYMOUS;

/** Over HTTP/2 every stream has a proxy of its own; the session's socket is the connection. */
function socketOf(raw: IncomingMessage): TLSSocket {
  const session = (raw as unknown as Partial<Http2ServerRequest>).stream?.session;
  return (session?.socket ?? raw.socket) as TLSSocket;
}

/** A certificate that our CA did not sign is refused, as upstream does, rather than ignored. */
function peerCertificate(socket: TLSSocket): Certificate | undefined {
  if (typeof socket.getPeerCertificate !== 'function') return undefined;
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate> | null;
  if (!certificate?.subject) return undefined;
  if (!socket.authorized) throw new ApiError('Unauthorized', 'Unauthorized');
  const { CN, O } = certificate.subject as { CN?: string | string[]; O?: string | string[] };
  return { commonName: list(CN)[0] ?? '', organizations: list(O), fingerprint: certificate.fingerprint256 ?? '' };
}

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function credentialsOf(raw: IncomingMessage, certificate: Certificate | undefined): Credentials {
  const header = (name: string) => {
    const value = raw.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  return {
    ...(certificate && { certificate }),
    authorization: raw.headers.authorization,
    webSocketProtocols: header('sec-websocket-protocol')
      ?.split(',')
      .map((protocol) => protocol.trim()),
    header,
    distinctHeaders: raw.headersDistinct,
  };
}
