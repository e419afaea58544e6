import type { ApiError } from '../../api/meta/status.ts';

/**
 * Why a call failed. `Canceled`: the caller gave up. `DeadlineExceeded`: no answer in time. `Unreachable`: no connection, no trust, or it broke.
 * `Status`: an answer that is a refusal. `Undecodable`: an answer that nobody can read. `TooLarge`: more than was asked for.
 */
export type OutboundReason = 'Canceled' | 'DeadlineExceeded' | 'Unreachable' | 'Status' | 'Undecodable' | 'TooLarge';

/** A call of the API server that did not succeed. The message is in the words of upstream's client: `Post "https://…": context deadline exceeded`. */
export class OutboundError extends Error {
  readonly reason: OutboundReason;
  /** What the other side answered, for `Status`. */
  readonly status: ApiError | undefined;

  constructor(reason: OutboundReason, message: string, options: { status?: ApiError; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OutboundError';
    this.reason = reason;
    this.status = options.status;
  }
}

interface NodeError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly errors?: readonly Error[];
}

const CONNECT_FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  EADDRNOTAVAIL: 'connect: cannot assign requested address',
  ETIMEDOUT: 'i/o timeout',
};
const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);
const UNVERIFIED = 'tls: failed to verify certificate: x509:';

/** Node's error in the words that people look for: those of Go's net, crypto/tls and crypto/x509. */
export function inGoWords(error: unknown, at: { host: string; port: number }): string {
  const { code = '', message, address = at.host, port = at.port, hostname, errors } = asNodeError(error);
  // A name with several addresses: the first one's failure speaks for all.
  if (errors?.[0]) return inGoWords(errors[0], at);
  const dialed = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  if (CONNECT_FAILURES[code]) return `dial tcp ${dialed}: ${CONNECT_FAILURES[code]}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname ?? at.host}: no such host`;
  if (UNKNOWN_AUTHORITY.has(code)) return `${UNVERIFIED} certificate signed by unknown authority`;
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return `${UNVERIFIED} certificate has expired or is not yet valid`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `${UNVERIFIED} certificate is not valid for any names, but wanted to match ${wantedName(message, at.host)}`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return `tls: ${/wrong version number|packet length too long/i.test(message) ? 'first record does not look like a TLS handshake' : message}`;
  if (code === 'ECONNRESET' && message !== 'socket hang up') return `read tcp ${dialed}: read: connection reset by peer`;
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'EOF';
  return message || code;
}

const asNodeError = (error: unknown): NodeError => (error instanceof Error ? (error as NodeError) : new Error(String(error)));

/** OpenSSL's own sentence names the host that was asked for: `Host: x. is not in the cert's altnames`. */
const wantedName = (message: string, host: string): string => /Host: (.+?)\. is not/.exec(message)?.[1] ?? host;
