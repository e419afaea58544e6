import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { ApiError } from '../../api/meta/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Authenticator, Credentials, UserInfo } from '../ports.ts';
import { distinctHeaders } from './distinct-headers.ts';

type Certificate = NonNullable<Credentials['certificate']>;

/** What one TLS connection proved, read once; with the user when a certificate alone decides who that is. */
interface Peer {
  readonly certificate: Certificate | undefined;
  /** When it ends; milliseconds since the epoch. */
  readonly validToMs: number;
  user?: UserInfo;
}

/** SHA-256 fingerprints (node's form) of the CAs that vouch for clients, and of those that vouch for front proxies. */
export interface TrustedRoots {
  readonly client: ReadonlySet<string>;
  readonly frontProxy: ReadonlySet<string>;
}

export interface RequestAuthenticatorOptions {
  readonly authenticator: Authenticator;
  /** Absent: every CA of the server vouches for clients. */
  readonly roots?: TrustedRoots;
  /** May requests for the path come from nobody? Absent: all may. */
  readonly allowsAnonymous?: (path: string) => boolean;
  /** Told for every request with a client's certificate how long that is still good. */
  readonly certificateSeen?: (remainingSeconds: number) => void;
  readonly clock: Clock;
}

export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Who sends a request. Throws Unauthorized. */
export function requestAuthenticator(options: RequestAuthenticatorOptions): (raw: IncomingMessage) => Promise<UserInfo> | UserInfo {
  const peers = new WeakMap<object, Peer>();
  return (raw) => {
    const socket = socketOf(raw);
    let peer = peers.get(socket);
    if (!peer) {
      peer = readPeer(socket, options.roots);
      peers.set(socket, peer);
    }
    const { certificate, validToMs } = peer;
    if (certificate?.isClient) options.certificateSeen?.((validToMs - options.clock.now()) / 1000);
    if (!certificate?.isClient || certificate.isFrontProxy || raw.headers.authorization) return authenticate(options, raw, certificate);
    return peer.user ?? remember(peer, authenticate(options, raw, certificate));
  };
}

async function remember(peer: Peer, user: Promise<UserInfo>): Promise<UserInfo> {
  const found = await user;
  // A certificate without a name leaves it to the path whether nobody may ask.
  if (found !== ANONYMOUS) peer.user = found;
  return found;
}

async function authenticate(
  { authenticator, allowsAnonymous }: RequestAuthenticatorOptions,
  raw: IncomingMessage,
  certificate: Certificate | undefined,
): Promise<UserInfo> {
  const user = await authenticator(credentialsOf(raw, certificate));
  if (user) return user;
  const [path = '/'] = (raw.url ?? '/').split('?', 1);
  if (allowsAnonymous && !allowsAnonymous(path)) throw new ApiError('Unauthorized', 'Unauthorized');
  return ANONYMOUS;
}

/** Over HTTP/2 every stream has a proxy of its own; the session's socket is the connection. */
function socketOf(raw: IncomingMessage): TLSSocket {
  const session = (raw as unknown as Partial<Http2ServerRequest>).stream?.session;
  return (session?.socket ?? raw.socket) as TLSSocket;
}

const UID_ATTRIBUTE = '1.3.6.1.4.1.57683.2';

/** What the peer presented, whoever signed it: the authenticator refuses what nobody vouches for, unless a token says who asks. */
function readPeer(socket: TLSSocket, roots: TrustedRoots | undefined): Peer {
  const presented = typeof socket.getPeerCertificate === 'function' ? (socket.getPeerCertificate(true) as Presented) : null;
  if (!presented?.subject) return { certificate: undefined, validToMs: 0 };
  return { certificate: peerCertificate(presented, socket, roots), validToMs: Date.parse(presented.valid_to ?? '') };
}

type Presented = Partial<DetailedPeerCertificate> | null;

function peerCertificate(certificate: NonNullable<Presented>, socket: TLSSocket, roots: TrustedRoots | undefined): Certificate {
  const subject = certificate.subject as { CN?: string | string[]; O?: string | string[]; [UID_ATTRIBUTE]?: string | string[] };
  const root = socket.authorized ? rootOf(certificate as DetailedPeerCertificate) : '';
  const [uid] = list(subject[UID_ATTRIBUTE]);
  return {
    // Of several the last one counts, as in Go's pkix.Name.
    commonName: list(subject.CN).at(-1) ?? '',
    organizations: list(subject.O),
    ...(uid && { uid }),
    fingerprint: certificate.fingerprint256 ?? '',
    isClient: roots ? roots.client.has(root) : socket.authorized,
    isFrontProxy: roots?.frontProxy.has(root) ?? false,
  };
}

/** Fingerprint of the CA at the end of the chain. */
function rootOf(certificate: DetailedPeerCertificate): string {
  let last = certificate;
  while (last.issuerCertificate && last.issuerCertificate !== last && last.issuerCertificate.fingerprint256 !== last.fingerprint256)
    last = last.issuerCertificate;
  return last.fingerprint256;
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
    ...(certificate?.isFrontProxy && { distinctHeaders: distinctHeaders(raw) }),
  };
}
