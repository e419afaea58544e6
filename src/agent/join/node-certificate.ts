import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certificateSigningRequests } from '../../api/index.ts';
import type { CertificateSigningRequest } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import { backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { type Random, safeString } from '../../base/random.ts';
import type { Client } from '../../client/client.ts';

export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** Which of a node's two certificates: its identity towards the API server, or that of its own HTTPS API. */
export type Purpose = 'client' | 'serving';

const SIGNERS: Readonly<Record<Purpose, { signerName: string; usages: string[] }>> = {
  client: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usages: ['digital signature', 'client auth'] },
  serving: { signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'] },
};

/** A certificate is renewed when less than this part of its life is left (upstream rotates at 70 to 90 percent). */
const RENEW_AT_LEFT = 0.2;
const CHECK_EVERY_MS = 3_600_000;
const APPROVAL_TIMEOUT_MS = 60_000;

export interface NodeCertificateOptions {
  readonly purpose: Purpose;
  readonly nodeName: string;
  /** Addresses and names for the serving certificate; empty for the client's. */
  readonly names: readonly string[];
  /** Where `<purpose>.crt` and `<purpose>.key` are kept. */
  readonly directory: string;
  /** Asks for certificates: with the bootstrap token at first, later with the node's own identity. */
  readonly client: () => Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** One of the node's certificates: from disk, or by a CertificateSigningRequest. As a Component it renews itself while running. */
export interface NodeCertificate extends Component {
  /** Loads the pair or asks for one; rejects when the request was denied. */
  obtain(options: { signal: AbortSignal }): Promise<CertificatePair>;
  /** The newest pair; undefined before `obtain` has resolved. */
  current(): CertificatePair | undefined;
  onChange(listener: () => void): Disposable;
  /** Attempts to renew it that failed. */
  failures(): number;
}

/** How much of the certificate's life is left, from 0 to 1; 0 also when it does not fit key or names. */
export function lifeLeft({ cert, key }: CertificatePair, names: readonly string[], nowMs: number): number {
  try {
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return 0;
    if (!names.every((name) => certificate.checkHost(name) ?? certificate.checkIP(name))) return 0;
    const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
    return Math.max(0, (to - nowMs) / (to - from));
  } catch {
    return 0;
  }
}

async function readPair(directory: string, purpose: Purpose): Promise<CertificatePair | undefined> {
  try {
    const [cert, key] = await Promise.all(['crt', 'key'].map((end) => readFile(join(directory, `${purpose}.${end}`), 'utf8')));
    return cert && key ? { cert, key } : undefined;
  } catch {
    return undefined;
  }
}

/** Key first: a crash in between leaves a pair that does not match, which counts as none. */
async function writePair(directory: string, purpose: Purpose, { cert, key }: CertificatePair): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const [end, text] of [
    ['key', key],
    ['crt', cert],
  ] as const) {
    const path = join(directory, `${purpose}.${end}`);
    await writeFile(`${path}.tmp`, text, { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }
}

function verdict(csr: CertificateSigningRequest): { cert: string } | { refused: string } | undefined {
  const refusal = csr.status?.conditions?.find((c) => c.type === 'Denied' || c.type === 'Failed');
  if (refusal) return { refused: refusal.message || refusal.reason || refusal.type };
  return csr.status?.certificate ? { cert: Buffer.from(csr.status.certificate, 'base64').toString('utf8') } : undefined;
}

/** Sends the request and waits for its certificate. Rejects when it is denied, or not signed within a minute. */
async function requestCertificate(options: NodeCertificateOptions, signal: AbortSignal): Promise<CertificatePair> {
  const { purpose, nodeName, names, random } = options;
  const { createRequest } = await import('./certificate-request.ts');
  const { keyPem, requestPem } = await createRequest({ commonName: `system:node:${nodeName}`, organization: 'system:nodes', names });
  const { signerName, usages } = SIGNERS[purpose];
  const limit = AbortSignal.any([signal, AbortSignal.timeout(APPROVAL_TIMEOUT_MS)]);
  const client = options.client();
  const created = await client.create(
    certificateSigningRequests,
    {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: `csr-${safeString(5, random)}${safeString(5, random)}` },
      spec: { request: Buffer.from(requestPem).toString('base64'), signerName, usages },
    },
    { signal: limit },
  );
  const name = created.metadata?.name ?? '';
  const take = (csr: CertificateSigningRequest): CertificatePair | undefined => {
    const outcome = verdict(csr);
    if (outcome && 'refused' in outcome) throw new Error(`the certificate request ${name} was refused: ${outcome.refused}`);
    return outcome && { cert: outcome.cert, key: keyPem };
  };
  const watch = client.watch(certificateSigningRequests, {
    fieldSelector: `metadata.name=${name}`,
    resourceVersion: created.metadata?.resourceVersion,
    signal: limit,
  });
  for await (const event of watch) {
    if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue;
    const pair = take(event.object);
    if (pair) return pair;
  }
  throw new Error(`the certificate request ${name} was not signed in time`);
}

export function createNodeCertificate(options: NodeCertificateOptions): NodeCertificate {
  const { purpose, directory, names, clock, log } = options;
  const listeners = new Set<() => void>();
  let pair: CertificatePair | undefined;
  let failures = 0;

  const isGood = (candidate: CertificatePair | undefined): candidate is CertificatePair =>
    candidate !== undefined && lifeLeft(candidate, names, clock.now()) > RENEW_AT_LEFT;

  async function renew(signal: AbortSignal): Promise<CertificatePair> {
    const fresh = await requestCertificate(options, signal);
    await writePair(directory, purpose, fresh);
    pair = fresh;
    log.info({ purpose }, 'node certificate issued');
    for (const listener of listeners) listener();
    return fresh;
  }

  return {
    name: `${purpose} certificate`,
    current: () => pair,
    failures: () => failures,
    onChange(listener) {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    async obtain({ signal }) {
      const stored = await readPair(directory, purpose);
      if (!isGood(stored)) return renew(signal);
      pair = stored;
      return stored;
    },
    async run({ signal, ready }) {
      const delays = backoff({ firstMs: 1_000, maxMs: 60_000 });
      while (!signal.aborted) {
        try {
          pair ??= await readPair(directory, purpose);
          if (!isGood(pair)) await renew(signal);
          ready();
          delays.reset();
          await clock.sleep(CHECK_EVERY_MS, { signal });
        } catch (error) {
          if (isAbort(error, signal)) return;
          failures += 1;
          log.warn({ error, purpose }, 'node certificate not renewed yet');
          await clock.sleep(delays.next(), { signal }).catch(() => {});
        }
      }
    },
  };
}
