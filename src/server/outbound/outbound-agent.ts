import { addAbortListener } from 'node:events';
import { Agent, type AgentOptions, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import { boundConnecting } from './connection.ts';
import { isIssuedByNamesake } from './namesake-issuer.ts';

type Options = RequestOptions & ConnectionOptions & { readonly connectSignal?: AbortSignal };
type Connected = (error: Error | null, socket: Duplex) => void;

const MOST_NAMESAKES = 256;
const SELF_SIGNED = 'DEPTH_ZERO_SELF_SIGNED_CERT';

/**
 * Keeps connections, and makes them with the trust of Go's TLS where OpenSSL's is another: every certificate of a CA bundle is a root, also one that
 * another issued; and the issuer of a certificate to its own name is looked for in the bundle.
 */
export class OutboundAgent extends Agent {
  readonly #clock: Clock;
  /** Peers, as node tells them apart, whose CA has their name: OpenSSL need not be asked again, nor the peer troubled with its refusal. */
  readonly #namesakes = new Set<string>();

  constructor({ clock, ...options }: AgentOptions & { clock: Clock }) {
    super({ ...options, allowPartialTrustChain: true });
    this.#clock = clock;
  }

  override createConnection(options: Options, connected: Connected): undefined {
    if (this.#namesakes.has(this.getName(options))) return this.#connectToNamesake(options, connected);
    const socket = super.createConnection(options) as TLSSocket;
    whenSecure(socket, options, (error: NodeJS.ErrnoException | null) => {
      if (error?.code === SELF_SIGNED && options.ca) this.#connectToNamesake(options, connected);
      else connected(error, socket);
    });
  }

  /** Nothing is sent before the certificate was looked at. */
  #connectToNamesake(options: Options, connected: Connected): undefined {
    const socket = connect({ ...options, rejectUnauthorized: false });
    whenSecure(socket, options, (failure) => {
      const error = failure ?? this.#objection(socket, options);
      if (error) socket.destroy();
      else this.#remember(this.getName(options));
      connected(error, socket);
    });
  }

  #remember(peer: string): void {
    if (this.#namesakes.size >= MOST_NAMESAKES) this.#namesakes.clear();
    this.#namesakes.add(peer);
  }

  #objection(socket: TLSSocket, { ca, servername, host }: Options): Error | null {
    if (socket.authorized) return null;
    const leaf = socket.getPeerX509Certificate();
    const cas = [ca ?? []].flat().map(String);
    if (leaf && isIssuedByNamesake(leaf, cas, this.#clock.now()))
      return checkServerIdentity(servername || host || '', leaf.toLegacyObject()) ?? null;
    return Object.assign(new Error('self-signed certificate'), { code: SELF_SIGNED });
  }
}

/** Tells once: that the handshake is over, or why it never will be. Past that, errors are others' to hear. */
function whenSecure(socket: TLSSocket, { connectSignal }: Options, told: (error: Error | null) => void): void {
  boundConnecting(socket, 'secureConnect');
  const abort = connectSignal && addAbortListener(connectSignal, () => socket.destroy(new Error('aborted')));
  const finish = (error: Error | null) => {
    abort?.[Symbol.dispose]();
    socket.off('secureConnect', succeed).off('error', finish);
    told(error);
  };
  const succeed = () => finish(null);
  socket.once('secureConnect', succeed).once('error', finish);
}
