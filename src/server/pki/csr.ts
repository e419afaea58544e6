import { X509Certificate } from 'node:crypto';
import type { KeyPair } from './certificate.ts';
import { DAY_MS, LEAF_LIFETIME_DAYS } from './certificate-plan.ts';
import { type CsrDescription, CsrError } from './csr-description.ts';

export { type CsrDescription, CsrError };

export interface SignCsrOptions {
  /** certificates.k8s.io/v1 key usages: `digital signature`, `client auth`, … */
  readonly usages: readonly string[];
  /** From the CSR's spec; a year when absent; never less than ten minutes, never more than a year. */
  readonly expirationSeconds?: number;
}

/** What the CSR approving and signing controllers need of a CA. */
export interface CsrSigner {
  describeCsr(pem: string): Promise<CsrDescription>;
  /** PEM of the certificate. The caller has checked what the signer's rules say about names and usages. */
  signCsr(pem: string, options: SignCsrOptions): Promise<string>;
}

/** Far above any honest request; parsing cost grows with the size. */
const MAX_CSR_BYTES = 64 * 1024;
const MIN_EXPIRATION_SECONDS = 600;
const LONGEST_MS = LEAF_LIFETIME_DAYS * DAY_MS;
/** Always less than the shortest life that can be asked for. */
const BACKDATE_MS = 5 * 60_000;
/** Certificates that live shorter end when they were asked to; others lose at the end what they were given at the beginning. */
const SHORT_MS = 8 * 3_600_000;

/**
 * When a certificate that is signed now begins and ends, as kube-controller-manager's signer has it: a little in the past, for clocks
 * that are behind, and never after its CA.
 */
function validity(nowMs: number, expirationSeconds: number | undefined, notAfterCaMs: number) {
  const wishedMs = expirationSeconds === undefined ? LONGEST_MS : Math.max(expirationSeconds, MIN_EXPIRATION_SECONDS) * 1000;
  const lifetimeMs = Math.min(wishedMs, LONGEST_MS);
  const notAfterMs = nowMs + (lifetimeMs < SHORT_MS ? lifetimeMs : lifetimeMs - BACKDATE_MS);
  return { notBeforeMs: nowMs - BACKDATE_MS, notAfterMs: Math.min(notAfterMs, notAfterCaMs) };
}

/** What a PEM request asks for. Rejects with CsrError. */
export const describeCsr = async (pem: string): Promise<CsrDescription> => (await parse(pem)).description;

export function openCsrSigner({ authority, now }: { authority: KeyPair; now: () => number }): CsrSigner {
  const notAfterCa = new X509Certificate(authority.certPem).validToDate.getTime();
  return {
    describeCsr,
    async signCsr(pem, { usages, expirationSeconds }) {
      const { request, description, issue } = await parse(pem);
      if (!description.signatureValid) throw new CsrError('the request is not signed by its own key');
      const nowMs = now();
      if (nowMs >= notAfterCa) throw new CsrError('the cluster CA has expired');
      return issue.signRequest(request, { authority, usages, ...validity(nowMs, expirationSeconds, notAfterCa) });
    },
  };
}

/** What stands before it is for people: `openssl req -text` says in words what the request asks for. */
const BLOCK_OF_REQUEST = /^-----BEGIN (NEW )?CERTIFICATE REQUEST-----/m;

async function parse(pem: string) {
  if (pem.length > MAX_CSR_BYTES) throw new CsrError(`the request is larger than ${MAX_CSR_BYTES} bytes`);
  if (!BLOCK_OF_REQUEST.test(pem)) throw new CsrError('no PEM block of type CERTIFICATE REQUEST');
  const issue = await import('./issue-request.ts');
  try {
    const request = issue.parseRequest(pem);
    return { request, description: await issue.describeRequest(request), issue };
  } catch (error) {
    throw new CsrError('the request does not parse', { cause: error });
  }
}
